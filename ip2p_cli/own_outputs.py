"""Which files ip2p has made: they are no sources."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from ip2p_cli.entries import DONE, FILE, FOLDER, connect, explained, find


class OwnOutputs:
    """A test of whether a file was written by ip2p: it is in the journal of its folder or of one above."""

    def __init__(self) -> None:
        self._databases: dict[Path, sqlite3.Connection | None] = {}
        self._lock = threading.Lock()

    def __call__(self, path: Path) -> bool:
        """Whether `path` is an output."""
        with self._lock:
            return any(self._is_in(folder, path) for folder in path.parents)

    def _is_in(self, folder: Path, path: Path) -> bool:
        file = folder / FOLDER / FILE
        with explained(file):
            if folder not in self._databases:
                self._databases[folder] = connect(file) if file.is_file() else None
            database = self._databases[folder]
            if database is None:
                return False
            entry = find(database, path.relative_to(folder).as_posix())
        return entry is not None and (entry.in_hand or entry.state == DONE)
