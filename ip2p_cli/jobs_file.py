"""`--jobs FILE`: each line a photo with its own instruction and settings.

The whole file is checked before any work is done: a slip in line 900 is said now, not in the middle of the night.
Photos that cannot be read are another matter: they fail as items when their turn comes.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from typing import Any, TextIO

from ip2p_cli.errors import UsageError
from ip2p_cli.formats import format_of_suffix
from ip2p_cli.names import check_name_template
from ip2p_cli.printable import one_line
from ip2p_cli.recipe import check_guidance, check_steps
from ip2p_cli.suggest import did_you_mean
from ip2p_cli.types import Source, StepSettings

OPTION = "--jobs"
CSV, JSON_LINES = (".csv", ".tsv"), (".jsonl", ".ndjson")
_DELIMITERS = ",;\t"
_SHOWN = 3  # problems that are told in full


@dataclass(frozen=True)
class JobLine:
    """One line; what it leaves out comes from the command line, the recipe, the checkpoint."""

    number: int
    source: Source
    instructions: tuple[str, ...] = ()
    settings: StepSettings = StepSettings()
    seed: int | None = None
    variants: int | None = None
    output: str | None = None  # a name template


class JobsFile:
    """A checked file. Iterating reads it again: its lines are never all in memory.

    `has_instruction`: lines may go without one; `format_`: the one that all outputs are written in (Pillow's name).

    Raises:
        UsageError: it cannot be read, or something in it is not as it should be.
    """

    def __init__(self, path: Path, *, has_instruction: bool, format_: str | None = None) -> None:
        self._path = Path(os.path.abspath(path.expanduser()))
        self._has_instruction = has_instruction
        self._format = format_
        self._common: str | None = None
        self.samplers: set[str] = set()
        self.digest = self._read_digest()
        self._check()

    def __iter__(self) -> Iterator[JobLine]:
        for number, values in self._rows():
            yield self._line(number, values, Path(self._common or self._path.parent))

    def _read_digest(self) -> bytes:
        if self._path.suffix.lower() not in CSV + JSON_LINES:
            raise UsageError(f"{OPTION} {self._path}: give a file that ends in .csv or .jsonl")
        digest = blake2b(digest_size=32)
        try:
            with self._path.open("rb") as file:
                while part := file.read(1 << 20):
                    digest.update(part)
        except OSError as problem:
            raise UsageError(f"{OPTION} {self._path}: {problem.strerror}; check the name") from None
        return digest.digest()

    def _check(self) -> None:
        problems: list[str] = []
        count = 0
        for number, values in self._rows():
            try:
                line = self._line(number, values, Path("/"))
            except UsageError as problem:
                problems.append(f"line {number}: {problem}" if len(problems) < _SHOWN else "")
                continue
            count += 1
            self.samplers |= {line.settings.sampler} - {None}  # type: ignore[arg-type]
            folder = str(line.source.path.parent) if line.source.path else "/"
            self._common = folder if self._common is None else os.path.commonpath([self._common, folder])
        if problems:
            more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
            raise UsageError(f"{OPTION} {self._path}: {'; '.join(filter(None, problems))}{more}")
        if not count:
            raise UsageError(f"{OPTION} {self._path}: it names no photo; give each a line")

    def _rows(self) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """Number and named values of each line that is not empty."""
        rows = _csv_rows if self._path.suffix.lower() in CSV else _json_rows
        try:
            with self._path.open(encoding="utf-8-sig", newline="") as file:
                yield from rows(file)
        except OSError as problem:
            raise UsageError(f"{OPTION} {self._path}: {problem.strerror}; check the file") from None
        except UnicodeDecodeError:
            raise UsageError(f"{OPTION} {self._path}: it is not UTF-8; save it as such") from None
        except csv.Error as problem:
            raise UsageError(f"{OPTION} {self._path}: it is no CSV ({problem}); check its quotes") from None
        except _BadFile as problem:
            raise UsageError(f"{OPTION} {self._path}: {problem}") from None

    def _line(self, number: int, values: Mapping[str, Any], common: Path) -> JobLine:
        for column in values:
            if column not in COLUMNS:
                raise UsageError(f"unknown column {one_line(str(column))!r}; {did_you_mean(str(column), COLUMNS)}")
        read = {name: _READERS[name](value) for name, value in values.items() if value not in (None, "")}
        if "source" not in read:
            raise UsageError("no source; name a photo")
        if "instruction" not in read and not self._has_instruction:
            raise UsageError("no instruction; say what to do here, or in -i for all lines that say nothing")
        path = Path(os.path.abspath(self._path.parent / Path(read["source"]).expanduser()))
        self._check_suffix(path, read.get("output"))
        relative = PurePosixPath(os.path.relpath(path, common).replace(os.sep, "/"))
        settings = StepSettings(**{key: read.get(key) for key in _SETTINGS})
        return JobLine(
            number,
            Source(path, relative),
            read.get("instruction", ()),
            settings,
            read.get("seed"),
            read.get("variants"),
            read.get("output"),
        )

    def _check_suffix(self, photo: Path, template: str | None) -> None:
        """A suffix does not choose the format: what looks like a PNG has to be one."""
        if template is None or template.endswith("{ext}"):
            return
        suffix = PurePosixPath(template).suffix
        if format_of_suffix(suffix) != (self._format or format_of_suffix(photo.suffix)):
            raise UsageError(f"output ends in {suffix}, which the photo is not; leave the suffix out, or give --format")


class _BadFile(Exception):
    """What is wrong with a file as a whole."""


def _csv_rows(file: TextIO) -> Iterator[tuple[int, Mapping[str, Any]]]:
    head = file.readline()
    delimiter = max(_DELIMITERS, key=head.count)  # spreadsheets of many countries write semicolons
    columns = [name.strip() for name in next(csv.reader([head], delimiter=delimiter), [])]
    for column in columns:
        if column not in COLUMNS:
            hint = did_you_mean(column, COLUMNS)
            raise _BadFile(f"line 1: unknown column {one_line(column)!r}; {hint}")
    if len(set(columns)) < len(columns):
        raise _BadFile("line 1: a column is there twice; keep one")
    reader = csv.reader(file, delimiter=delimiter, strict=True)
    for cells in reader:
        if len(cells) > len(columns):
            raise _BadFile(
                f"line {reader.line_num + 1}: more cells than columns; put texts with {delimiter!r} in quotes"
            )
        if any(cell.strip() for cell in cells):
            yield reader.line_num + 1, dict(zip(columns, (cell.strip() for cell in cells)))  # noqa: B905  # short lines


def _json_rows(file: TextIO) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, text in enumerate(file, 1):
        if not text.strip():
            continue
        try:
            values = json.loads(text)
        except (ValueError, RecursionError):
            raise _BadFile(f"line {number}: it is no JSON; write one object a line") from None
        if not isinstance(values, dict):
            raise _BadFile(f'line {number}: it is no object; write {{"source": "a.jpg", "instruction": "add fog"}}')
        yield number, values


def _text(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise UsageError(f"{value!r} is no text")
    return value


def _instructions(value: object) -> tuple[str, ...]:
    """One text, or a chain: a list, in CSV a JSON list."""
    if isinstance(value, str) and value.startswith("["):
        try:
            value = json.loads(value)
        except ValueError:
            raise UsageError(f'instruction {value!r} is no JSON list; write ["add fog", "add snow"]') from None
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) and text.strip() for text in texts):
        raise UsageError(f"instruction is {value!r}; give a text, or a list of texts")
    return tuple(text.strip() for text in texts)


def _number(value: object, kind: Callable[[str], float]) -> object:
    """What a cell says, if it is a number; checked by whoever knows the limits."""
    try:
        return kind(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _integer(name: str, least: int, most: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        number = _number(value, int)
        if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
            raise UsageError(f"{name} is {value!r}; give a whole number from {least} to {most}")
        return number

    return read


def _output(value: object) -> str:
    """A name below the output folder; the suffix is the photo's unless it is there."""
    template = _text(value)
    if not template.endswith("{ext}") and format_of_suffix(PurePosixPath(template).suffix) is None:
        template += "{ext}"
    check_name_template(template)
    return template


_SETTINGS = ("steps", "text_guidance", "image_guidance", "sampler")
_READERS: Mapping[str, Callable[[Any], Any]] = {
    "source": _text,
    "instruction": _instructions,
    "steps": lambda value: check_steps(_number(value, int), "steps"),
    "text_guidance": lambda value: check_guidance(_number(value, float), "text_guidance"),
    "image_guidance": lambda value: check_guidance(_number(value, float), "image_guidance"),
    "sampler": _text,
    "seed": _integer("seed", -(2**63), 2**63 - 1),
    "variants": _integer("variants", 1, 1000),
    "output": _output,
}
COLUMNS = tuple(_READERS)
