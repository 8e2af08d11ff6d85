"""What is done, and under which key: an append-only record in OUT/.ip2p/, so that a run can be taken up again."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

FOLDER = ".ip2p"
FILE = "done.jsonl"


@dataclass(frozen=True)
class Record:
    """One written output."""

    output: str  # relative to the output folder, with forward slashes
    key: str  # of everything that it was made from
    digest: str  # of the file's bytes
    source: str
    instructions: tuple[str, ...]


def digest_of(data: bytes) -> str:
    """The digest under which a file's bytes are recorded."""
    return blake2b(data, digest_size=16).hexdigest()


def key_of(source_digest: bytes, settings: Any) -> str:
    """The key of an output: equal if and only if it is made from the same bytes with the same (JSON) settings."""
    text = json.dumps(settings, sort_keys=True, ensure_ascii=True)
    return blake2b(source_digest + text.encode(), digest_size=16).hexdigest()


class Journal:
    """The record of one output folder. Safe to use from several threads of one process."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._file = root / FOLDER / FILE
        self._lock = threading.Lock()
        self._records: dict[str, Record] = {record.output: record for record in _read(self._file)}
        self._torn = self._file.is_file() and not self._file.read_bytes().endswith(b"\n")

    def lookup(self, output: Path) -> Record | None:
        """The record of an output, if there is one and the file is still what was written then."""
        record = self._records.get(self._name(output))
        if record is None or digest_of(output.read_bytes()) != record.digest:
            return None
        return record

    def add(self, output: Path, key: str, digest: str, source: str, instructions: tuple[str, ...]) -> None:
        """Record an output. To be called before it is put in place: the digest tells whether it got there.

        Raises:
            OSError: the record cannot be written.
        """
        record = Record(self._name(output), key, digest, source, instructions)
        line = json.dumps(asdict(record), ensure_ascii=True) + "\n"
        with self._lock:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("ab") as file:
                # What follows a line cut short must not be lost with it.
                file.write((("\n" if self._torn else "") + line).encode())
                file.flush()
                os.fsync(file.fileno())
            self._torn = False
            self._records[record.output] = record

    def _name(self, output: Path) -> str:
        return os.path.relpath(output, self._root).replace(os.sep, "/")


def _read(file: Path) -> list[Record]:
    try:
        lines = file.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    records = []
    for line in lines:
        try:
            fields = json.loads(line)
            records.append(Record(**{**fields, "instructions": tuple(fields["instructions"])}))
        except (ValueError, TypeError, KeyError):
            continue  # cut short when the machine went down: that output is then made again
    return records


def own_output_test() -> Callable[[Path], bool]:
    """A test of whether a file was written by ip2p: it is in the journal of its folder or of one above."""
    known: dict[Path, frozenset[Path]] = {}

    def outputs_under(root: Path) -> frozenset[Path]:
        if root not in known:
            known[root] = frozenset(root / record.output for record in _read(root / FOLDER / FILE))
        return known[root]

    return lambda path: any(path in outputs_under(folder) for folder in path.parents)
