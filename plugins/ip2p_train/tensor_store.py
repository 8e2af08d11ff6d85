"""Half-precision tensors on disk under keys of their content: one growing file, and an index of where each one is.

Read through a memory map: a dataset need not fit into memory, and several runs and processes share one folder. Tensors
are appended first and entered in the index last, in one transaction, which is also the lock: what a killed process has
appended in part is in nobody's way.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ip2p_cli.api import EnvironmentStop, UsageError, make_output_folder, writing

PATIENCE = 600.0  # seconds to wait for another process's transaction


class TensorStore:
    """The tensors in one folder."""

    def __init__(self, folder: Path) -> None:
        """Open the store in `folder`, made where there is none.

        Raises:
            EnvironmentStop, UsageError: it cannot be written, or is broken.
        """
        make_output_folder(folder)
        self._data, self._index = folder / "tensors.f16", folder / "index.sqlite"
        with self._database() as database:
            database.execute("CREATE TABLE IF NOT EXISTS tensors (key BLOB PRIMARY KEY, at INTEGER, shape TEXT)")
            found = database.execute("SELECT key, at, shape FROM tensors").fetchall()
        self._places: dict[bytes, tuple[int, tuple[int, ...]]] = {}
        self._learn(found)
        self._map: np.memmap | None = None

    def __contains__(self, key: bytes) -> bool:
        return key in self._places

    def shape(self, key: bytes) -> tuple[int, ...]:
        """Of the tensor under a key."""
        return self._places[key][1]

    def put(self, tensors: Mapping[bytes, Tensor]) -> None:
        """Add tensors, rounded to half precision. A key that is there already keeps its tensor."""
        with self._database() as database, writing(self._data):
            database.execute("BEGIN IMMEDIATE")
            rows = []
            with self._data.open("ab") as file:
                if file.tell() % 2:  # a killed process's
                    file.write(b"\0")
                for key, tensor in tensors.items():
                    rows.append((key, file.tell() // 2, json.dumps(list(tensor.shape))))
                    file.write(tensor.detach().cpu().to(torch.float16).contiguous().numpy().tobytes())
                file.flush()
                os.fsync(file.fileno())
            database.executemany("INSERT OR IGNORE INTO tensors VALUES (?, ?, ?)", rows)
            marks = ", ".join("?" * len(rows))
            found = database.execute(
                f"SELECT key, at, shape FROM tensors WHERE key IN ({marks})", [row[0] for row in rows]
            ).fetchall()
            database.execute("COMMIT")
        self._learn(found)
        self._map = None

    def get(self, keys: Sequence[bytes]) -> Tensor:
        """Tensors of one shape, stacked, in float32.  # (n, *shape)"""
        if self._map is None:
            self._map = np.memmap(self._data, np.float16, "r")
        pieces = []
        for at, shape in (self._places[key] for key in keys):
            pieces.append(self._map[at : at + int(np.prod(shape))].reshape(shape))
        return torch.from_numpy(np.stack(pieces)).float()

    def _learn(self, rows: Sequence[tuple[bytes, int, str]]) -> None:
        size = self._data.stat().st_size // 2 if self._data.exists() else 0
        for key, at, shape in rows:
            sides = tuple(json.loads(shape))
            if at + int(np.prod(sides)) > size:
                raise UsageError(f"{self._data} is shorter than its index says; delete {self._data.parent}")
            self._places[key] = at, sides

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._index, timeout=PATIENCE, isolation_level=None)) as database:
                yield database
        except sqlite3.OperationalError as problem:
            raise EnvironmentStop(f"{self._index}: {problem}; make room, then run the same command again") from problem
        except sqlite3.DatabaseError as problem:
            raise UsageError(f"{self._index} is damaged ({problem}); delete {self._index.parent}") from problem
