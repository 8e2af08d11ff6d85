"""The fenced blocks of a page that tell what to do: files to write, commands to run and what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_FENCE = re.compile(r"^```(?P<info>[^\n]+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r'\w+ title="(?P<path>[^"]+)"(?P<append> append)?')
_EXIT = re.compile(r"\[exit code (\d+)\]")
ANYTHING = "…"


@dataclass(frozen=True)
class FileBlock:
    """The text of a file, or what is appended to it."""

    path: str
    text: str
    append: bool


@dataclass(frozen=True)
class Command:
    """A line of shell, the lines that it prints (`…` stands for anything) and its exit code."""

    line: str
    output: tuple[str, ...]
    code: int

    def missing(self, printed: str) -> str | None:
        """The first expected line that is not there, in order; what libraries print between them does not count."""
        left: Iterator[str] = iter(line.rstrip() for line in printed.splitlines())
        for line in self.output:
            if line == ANYTHING:
                continue
            wanted = re.compile(".*".join(re.escape(part) for part in line.split(ANYTHING)))
            if not any(wanted.fullmatch(each) for each in left):
                return line
        return None


def blocks(page: str) -> list[FileBlock | Command]:
    """All that a page tells to do, in its order.

    Raises:
        ValueError: a block is neither a named file nor a console.
    """
    found: list[FileBlock | Command] = []
    for fence in _FENCE.finditer(page):
        file = _FILE.fullmatch(fence["info"])
        if file:
            found.append(FileBlock(file["path"], fence["text"], bool(file["append"])))
        elif fence["info"] == "console":
            found += _commands(fence["text"].splitlines())
        else:
            raise ValueError(f"a block of {fence['info']!r} is neither a file nor a console")
    return found


def _commands(lines: Sequence[str]) -> Iterator[Command]:
    starts = [number for number, line in enumerate(lines) if line.startswith("$ ")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        output = lines[start + 1 : end]
        code = 0
        if output and (exit_code := _EXIT.fullmatch(output[-1])):
            code, output = int(exit_code[1]), output[:-1]
        yield Command(lines[start].removeprefix("$ "), tuple(output), code)
