"""Captions from a text, JSONL, CSV or Parquet file, or from any dataset that `datasets` can load."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ip2p_cli.api import MissingExtra, UsageError

CAPTION_COLUMNS = ("input", "caption")
Rows = Iterator[Mapping[str, Any]]


def one_line(text: str) -> str:
    """The text with every run of white space as one space: the delimiters of a prompt hold line breaks.

    Raises:
        AttributeError: it is no text.
    """
    return " ".join(text.split())


def read_captions(source: str, column: str | None = None) -> Iterator[str]:
    """Captions of a file, or of a dataset where no such file exists; empty ones are left out.

    Args:
        source: a .txt (one a line), .jsonl, .csv or .parquet file, or the id of a dataset.
        column: where they are; without it `input` or `caption`.

    Raises:
        UsageError: it cannot be read, or has no such column.
        MissingExtra: a dataset is named, and `datasets` is not installed.
    """
    for row in _rows(source):
        value = _value(row, column, source)
        if value is None:
            continue
        if not isinstance(value, str):
            raise UsageError(f"{source}: a caption is {value!r}, which is no text; choose another --column")
        if caption := one_line(value):
            yield caption


def _value(row: Mapping[str, Any], column: str | None, source: str) -> Any:
    for name in CAPTION_COLUMNS if column is None else (column,):
        if name in row:
            return row[name]
    wanted = " or ".join(CAPTION_COLUMNS if column is None else (column,))
    raise UsageError(f"{source} has no column {wanted}; it has: {', '.join(map(str, row))}; choose one with --column")


def _rows(source: str) -> Rows:
    path = Path(source)
    if not path.exists():
        if path.suffix in READERS or source.startswith((".", "/", "~")):
            raise UsageError(f"{source} does not exist; give a file ({' '.join(READERS)}) or the id of a dataset")
        return _dataset(source)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise UsageError(f"{source} is no file of captions; give one of: {' '.join(READERS)}")
    return _guarded(reader, path)


def _guarded(reader: Callable[[Path], Rows], path: Path) -> Rows:
    """What a file can do wrong, said in one line."""
    try:
        yield from reader(path)
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise UsageError(f"cannot read captions from {path}: {problem}; mend the file, or save it as UTF-8") from None


def _text(path: Path) -> Rows:
    """The one column is called `caption`."""
    with path.open(encoding="utf-8-sig") as file:
        for line in file:
            yield {"caption": line}


def _jsonl(path: Path) -> Rows:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError:
                row = None
            if not isinstance(row, dict):
                raise UsageError(f"{path}, line {number}: no JSON object; write one on each line")
            yield row


def _csv(path: Path) -> Rows:
    csv.field_size_limit(sys.maxsize)
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def _parquet(path: Path) -> Rows:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            texts = [field.name for field in file.schema_arrow if _is_text(field.type)]
            for batch in file.iter_batches(1024, columns=texts):  # pictures beside the captions are not read
                yield from batch.to_pylist()
    except pa.ArrowInvalid as problem:
        raise UsageError(f"cannot read captions from {path}: {problem}; give a Parquet file") from None


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _dataset(name: str) -> Rows:
    """The split `train`, or the first there is, as a stream."""
    try:
        from datasets import load_dataset
    except ImportError:
        raise MissingExtra(f"captions from the dataset {name!r} (no file has that name)", "datasets") from None
    try:
        splits = load_dataset(name, streaming=True)
        stream = splits["train" if "train" in splits else next(iter(splits))]
        yield from stream
    except UsageError:
        raise
    except Exception as problem:  # a network, a script, a missing name: datasets has no one class for it
        line = (str(problem).splitlines() or [type(problem).__name__])[0]
        raise UsageError(f"cannot load the dataset {name!r}: {line}; give an id of the hub, or a file") from None


READERS: dict[str, Callable[[Path], Rows]] = {".txt": _text, ".jsonl": _jsonl, ".csv": _csv, ".parquet": _parquet}
