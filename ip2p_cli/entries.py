"""The journal's database: its tables, its rows as values, its errors in words."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from ip2p_cli.errors import EnvironmentStop

FOLDER = ".ip2p"
FILE = "journal.sqlite"
CLAIMED, PREPARED, DONE, FAILED, BLOCKED, UNWRITTEN = "claimed", "prepared", "done", "failed", "blocked", "unwritten"
_VERSION = 1
_PATIENCE = 60.0  # seconds to wait for another run's transaction
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, settings TEXT NOT NULL, file BLOB, host TEXT NOT NULL,
    process INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS items (
    output BLOB PRIMARY KEY, state TEXT NOT NULL, run INTEGER NOT NULL, key TEXT NOT NULL, source BLOB NOT NULL,
    instructions TEXT NOT NULL, digest TEXT, reason BLOB, planned BLOB
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS items_in_hand ON items (run) WHERE state IN ('{CLAIMED}', '{PREPARED}');
CREATE INDEX IF NOT EXISTS items_renamed ON items (planned) WHERE planned IS NOT NULL;
PRAGMA user_version = {_VERSION};
"""
COLUMNS = "output, state, run, key, source, instructions, digest, reason, planned"


@dataclass(frozen=True)
class Entry:
    """What the journal knows of one output."""

    output: str  # relative to the output folder, with forward slashes
    state: str
    run: int
    key: str  # of everything that it is made from
    source: str
    instructions: tuple[str, ...]
    digest: str | None = None  # of the file's bytes
    reason: str | None = None  # where it failed or was blocked
    planned: str | None = None  # the output it would have been, had that name been free

    @property
    def in_hand(self) -> bool:
        """Whether a run has it in hand, or had when it died."""
        return self.state in (CLAIMED, PREPARED)


def digest_of(data: bytes) -> str:
    """The digest under which a file's bytes are recorded."""
    return blake2b(data, digest_size=16).hexdigest()


def key_of(source_digest: bytes, settings: Any) -> str:
    """The key of an output: equal if and only if it is made from the same bytes with the same (JSON) settings."""
    text = json.dumps(settings, sort_keys=True, ensure_ascii=True)
    return blake2b(source_digest + text.encode(), digest_size=16).hexdigest()


def connect(path: Path) -> sqlite3.Connection:
    """Open a journal, made where there is none."""
    database = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode = DELETE")
        database.execute("PRAGMA synchronous = FULL")
        [version] = database.execute("PRAGMA user_version").fetchone()
        if version not in (0, _VERSION):
            raise EnvironmentStop(f"{path} is of another version of ip2p; use that version, or choose another -o")
        if version == 0:
            database.executescript("BEGIN IMMEDIATE;" + _SCHEMA + "COMMIT;")
    except BaseException:
        database.close()
        raise
    return database


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """A context in which SQLite's errors become an EnvironmentStop that names the file and the way out."""
    try:
        yield
    except sqlite3.OperationalError as problem:
        raise EnvironmentStop(
            f"cannot use the journal {path}: {problem}; check the disk, then run the same command again"
        ) from problem
    except sqlite3.DatabaseError as problem:
        raise EnvironmentStop(
            f"the journal {path} is damaged ({problem}); the outputs are unharmed: move it away, then go on with "
            "--on-exists overwrite, or with another -o"
        ) from problem


def find(database: sqlite3.Connection, name: str) -> Entry | None:
    """The entry of an output."""
    row = database.execute(f"SELECT {COLUMNS} FROM items WHERE output = ?", (as_blob(name),)).fetchone()
    return None if row is None else from_row(row)


def put(database: sqlite3.Connection, entry: Entry) -> None:
    """Write an entry in the place of what there was of that output."""
    values = as_row(entry)
    database.execute(f"INSERT OR REPLACE INTO items ({COLUMNS}) VALUES ({', '.join('?' * len(values))})", values)


def as_row(entry: Entry) -> tuple[object, ...]:
    """An entry in the order of COLUMNS."""
    texts = (entry.reason, entry.planned)
    return (
        *(as_blob(entry.output), entry.state, entry.run, entry.key, as_blob(entry.source)),
        *(json.dumps(entry.instructions), entry.digest, *(None if text is None else as_blob(text) for text in texts)),
    )


def from_row(row: tuple[Any, ...]) -> Entry:
    """What `as_row` made."""
    output, state, run, key, source, instructions, digest, reason, planned = row
    return Entry(
        *(_text(output), state, run, key, _text(source), tuple(json.loads(instructions)), digest),
        *(None if blob is None else _text(blob) for blob in (reason, planned)),
    )


def as_blob(text: str) -> bytes:
    """A file name or a reason: these need not be UTF-8, and SQLite's text must."""
    return text.encode("utf-8", "surrogatepass")


def _text(blob: bytes) -> str:
    return blob.decode("utf-8", "surrogatepass")


def digest_of_file(path: Path) -> str | None:
    """Of a plain file's bytes; None where there is none that can be read."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(handle, "rb") as file:
            return digest_of(file.read())
    except OSError:
        return None
