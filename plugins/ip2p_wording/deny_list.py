"""The deny list of a team: one phrase or /regular expression/ a line, with a reason if there is one."""

from __future__ import annotations

import functools
import os
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from ip2p_cli.api import UsageError
from ip2p_wording.expressions import compile_normal
from ip2p_wording.text import normal


@dataclass(frozen=True)
class Denied:
    """One line of a deny list."""

    origin: str  # "line 3 of deny.txt"
    written: str
    pattern: re.Pattern[str]
    whole_words: bool
    reason: str = ""

    def matches(self, text: str) -> bool:
        """Whether a text in normal form holds it."""
        if not self.whole_words:
            return self.pattern.search(text) is not None
        return any(_stands_alone(text, *found.span(1)) for found in self.pattern.finditer(text))

    @property
    def says(self) -> str:
        """Where it stands, what it is, and why."""
        return f"denied by {self.origin}, {self.written}" + (f": {self.reason}" if self.reason else "")


def read_deny_list(path: str) -> tuple[Denied, ...]:
    """The lines of a deny list, read again whenever the file has changed.

    Raises:
        UsageError: it cannot be read, is no UTF-8, or a line is no regular expression.
    """
    file = Path(os.path.expanduser(path))
    try:
        at = file.stat()
        return _read(file, at.st_mtime_ns, at.st_size)
    except (OSError, UnicodeDecodeError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise UsageError(f"the deny list {path} cannot be read ({reason}); mend it, or unset deny_list") from None


@functools.lru_cache(maxsize=4)
def _read(file: Path, changed: int, size: int) -> tuple[Denied, ...]:
    lines = enumerate(file.read_text("utf-8-sig").splitlines(), 1)
    return tuple(
        parse_line(line.strip(), f"line {number} of {file}")
        for number, line in lines
        if line.strip() and not line.lstrip().startswith("#")
    )


def parse_line(line: str, origin: str) -> Denied:
    """`phrase # reason` or `/regex/ # reason`; the reason may be left out.

    A phrase is found as whole words, a regular expression anywhere: both in the instruction's normal form
    (`text.normal`), and brought to it themselves, so that case, spaces, accents and quotes may be written in any way.

    Raises:
        UsageError: the regular expression is none, finds something in every text or does not end the line, or there is
            nothing to match.
    """
    regex = re.fullmatch(r"/(.+?)/(?:\s+#\s*(.*))?", line)
    if regex is not None:
        written, reason = regex.group(1), regex.group(2) or ""
        try:
            return Denied(origin, f"/{written}/", compile_normal(written), whole_words=False, reason=reason)
        except re.error as problem:
            raise UsageError(f"{origin}: /{written}/ is no expression to go by ({problem}); mend it") from None
    _refuse_half_an_expression(line, origin)
    written, *rest = re.split(r"\s#", line, maxsplit=1)
    written, reason = written.strip(), "".join(rest).strip()
    words = normal(written)
    if not words:
        raise UsageError(f"{origin} has nothing to match; write a phrase before the #")
    found_anywhere = re.compile(f"(?=({re.escape(words)}))")  # also where two overlap
    return Denied(origin, repr(written), found_anywhere, whole_words=True, reason=reason)


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether no word goes on before or after."""
    return not _in_word(text[:start][-1:]) and not _in_word(text[end:][:1])


def _in_word(letter: str) -> bool:
    """Letters, digits, and accents, which are part of their letter; not the end of the text."""
    return letter.isalnum() or letter == "_" or (letter != "" and unicodedata.category(letter).startswith("M"))


def _refuse_half_an_expression(line: str, origin: str) -> None:
    """As a phrase, `/nude/i` would be looked for with its slashes, and never found."""
    read = normal(line)
    if read.startswith("/") and "/" in read[1:]:
        raise UsageError(
            f"{origin}, {line!r}, is neither an expression nor a phrase; write /expression/ or /expression/ # reason, "
            "without flags (case makes no difference), and a phrase that starts with a slash as an expression, too"
        )
