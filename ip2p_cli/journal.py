"""What is done, under which key, and what is in whose hands: a SQLite database in OUT/.ip2p/.

An item is claimed, then prepared (its file is whole under a temporary name, its digest recorded), renamed into place,
and done. A run that is killed anywhere in between leaves its entry: the next one sees from the file's digest whether
the rename happened, and removes the temporary file where it did not. Rollback journal, never WAL: the folder may be on
a network. All runs on one folder share the database; a journal from another machine that is put beside it is taken in.
"""

from __future__ import annotations

import os
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

from ip2p_cli import entries
from ip2p_cli.atomic import as_write_error, discard_temporary
from ip2p_cli.entries import CLAIMED, COLUMNS, DONE, FILE, FOLDER, PREPARED, Entry, as_blob, as_row, explained, from_row
from ip2p_cli.errors import EnvironmentStop, OutputBusy
from ip2p_cli.holders import Holders

LOCKS = "runs.lock"


@dataclass(frozen=True)
class Claim:
    """What a run wants to make, and of what."""

    key: str
    source: str
    instructions: tuple[str, ...]


class Journal:
    """The journal of one output folder, open for one run. Safe to use from several threads.

    Every method raises EnvironmentStop where the journal cannot be read or written, or is damaged.
    """

    def __init__(self, root: Path, settings: str, file: Path | None = None) -> None:
        """Take part in writing `root`, or only `file` in it, next to other runs with the same settings.

        Raises:
            OutputBusy: another run with other settings is writing it.
        """
        self._root = root
        self._path = root / FOLDER / FILE
        self._lock = threading.Lock()
        self._in_place: list[bytes] = []  # outputs that are done, and not recorded yet
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._holders = Holders(self._path.with_name(LOCKS))
        except OSError as problem:
            stop = as_write_error(problem, self._path.parent)
            raise EnvironmentStop(str(stop)) from problem
        try:
            with explained(self._path):
                self._database = entries.connect(self._path)
            self.run, self._peers = self._register(settings, None if file is None else self._name(file))
            self._absorb_others()
        except BaseException:
            self._disconnect()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            with suppress(EnvironmentStop):  # what is already on its way up says more
                self.close()

    def close(self) -> None:
        """Give back what is claimed and not done, and be dead to other runs."""
        try:
            with self._transaction() as database:
                database.execute("DELETE FROM items WHERE run = ? AND state = ?", (self.run, CLAIMED))
                if not self._in_hand_of(database, self.run):
                    database.execute("DELETE FROM runs WHERE id = ?", (self.run,))
        finally:
            self._disconnect()

    def _disconnect(self) -> None:
        if hasattr(self, "_database"):
            self._database.close()
        self._holders.close()

    # What is known

    def entry(self, output: Path) -> Entry | None:
        """What is known of an output."""
        with self._reading() as database:
            return entries.find(database, self._name(output))

    def is_intact(self, entry: Entry) -> bool:
        """Whether the file of an entry is there, and is what was written then."""
        return entry.digest is not None and entry.digest == entries.digest_of_file(self._root / entry.output)

    def is_beside(self, entry: Entry) -> bool:
        """Whether an entry is of this run, or of one that has run at the same time."""
        return entry.run >= self.run or entry.run in self._peers

    # Claims

    def claim(self, output: Path, seen: Entry | None, claim: Claim) -> bool:
        """Take an item in hand; False where another run was quicker than this one's look at the entry."""
        entry = self._claimed(self._name(output), claim)
        with self._transaction() as database:
            if entries.find(database, entry.output) != seen:
                return False
            entries.put(database, entry)
        return True

    def claim_another_name(self, output: Path, claim: Claim) -> Entry:
        """Take an item in hand under a free name like that of `output`, unless another run has it already.

        Returns the entry: this run's new one, or the other run's, which runs beside this one or has done it before.
        """
        planned = self._name(output)
        with self._transaction() as database:
            query = f"SELECT {COLUMNS} FROM items WHERE planned = ? AND key = ?"
            for row in database.execute(query, (as_blob(planned), claim.key)):
                found = from_row(row)
                is_done = found.state == DONE and self.is_intact(found)
                if found.run != self.run and (is_done or self.is_beside(found)):
                    return found
            entry = replace(self._claimed(self._free_name(database, output), claim), planned=planned)
            entries.put(database, entry)
        return entry

    def is_held(self, name: str) -> bool:
        """Whether a living run, be it this one, has the item in hand. What a dead one had is put in order."""
        with self._transaction() as database:
            entry = entries.find(database, name)
            if entry is None or not entry.in_hand:
                return False
            if entry.run == self.run or self._holders.is_held(entry.run):
                return True
            self._recover(database, entry)
        return False

    def _claimed(self, name: str, claim: Claim) -> Entry:
        return Entry(name, CLAIMED, self.run, claim.key, claim.source, claim.instructions)

    def _free_name(self, database: sqlite3.Connection, output: Path) -> str:
        number = 1
        while True:
            path = output.with_name(f"{output.stem}_{number}{output.suffix}")
            if not os.path.lexists(path) and entries.find(database, self._name(path)) is None:
                return self._name(path)
            number += 1

    # From prepared to done

    def prepared(self, output: Path, digest: str) -> None:
        """Record what is about to be put in place."""
        self._update(output, PREPARED, digest, None)

    def done(self, output: Path) -> None:
        """Record that it is in place, with the next transaction: should that not come, its digest will tell."""
        with self._lock:
            self._in_place.append(as_blob(self._name(output)))

    def ended(self, output: Path, state: str, reason: str | None) -> None:
        """Record that nothing came of it: FAILED, BLOCKED or (it could not be written) UNWRITTEN."""
        self._update(output, state, None, reason)

    def give_back(self, output: Path) -> None:
        """Put in order what a dead worker of this run has left in hand: another may claim it."""
        with self._transaction() as database:
            entry = entries.find(database, self._name(output))
            if entry is not None and entry.in_hand and entry.run == self.run:
                self._recover(database, entry)

    def _update(self, output: Path, state: str, digest: str | None, reason: str | None) -> None:
        values = (state, digest, None if reason is None else as_blob(reason), as_blob(self._name(output)), self.run)
        with self._transaction() as database:
            database.execute("UPDATE items SET state = ?, digest = ?, reason = ? WHERE output = ? AND run = ?", values)

    # Runs

    def _register(self, settings: str, file: str | None) -> tuple[int, frozenset[int]]:
        """This run's number, and those of the runs that are alive now."""
        peers = set()
        with self._transaction() as database:
            for run, its_settings, its_file, host, process in database.execute("SELECT * FROM runs").fetchall():
                if not self._holders.is_held(run):
                    self._bury(database, run)
                elif its_settings != settings and (file is None or its_file is None or as_blob(file) == its_file):
                    raise OutputBusy(
                        f"{self._root} is being written by a run with other settings (process {process} on {host}); "
                        "wait for it to end, or choose another -o"
                    )
                else:
                    peers.add(run)
            values = (settings, None if file is None else as_blob(file), socket.gethostname(), os.getpid())
            added = database.execute("INSERT INTO runs (settings, file, host, process) VALUES (?, ?, ?, ?)", values)
            run = int(added.lastrowid or 0)
            self._holders.hold(run)
        return run, frozenset(peers)

    def _bury(self, database: sqlite3.Connection, run: int) -> None:
        for entry in self._in_hand_of(database, run):
            self._recover(database, entry)
        database.execute("DELETE FROM runs WHERE id = ?", (run,))

    def _in_hand_of(self, database: sqlite3.Connection, run: int) -> list[Entry]:
        query = f"SELECT {COLUMNS} FROM items WHERE run = ? AND state IN ('{CLAIMED}', '{PREPARED}')"
        return [from_row(row) for row in database.execute(query, (run,))]

    def _recover(self, database: sqlite3.Connection, entry: Entry) -> None:
        """Put in order what a dead run had in hand: done if its file got into place, else as if never begun."""
        discard_temporary(self._root / entry.output)
        if entry.state == PREPARED and self.is_intact(entry):
            entries.put(database, replace(entry, state=DONE))
        else:
            database.execute("DELETE FROM items WHERE output = ?", (as_blob(entry.output),))

    def _absorb_others(self) -> None:
        """Take in what the journals of other machines say is done. Their word is checked against the files later."""
        for other in sorted(self._path.parent.glob("*.sqlite")):
            if other.name == FILE:
                continue
            with explained(other):
                theirs = entries.connect(other)
                with self._transaction() as database:
                    rows = theirs.execute(f"SELECT {COLUMNS} FROM items WHERE state = '{DONE}'")
                    marks = ", ".join("?" * len(COLUMNS.split(", ")))
                    statement = f"INSERT OR IGNORE INTO items ({COLUMNS}) VALUES ({marks})"
                    database.executemany(statement, (as_row(replace(from_row(row), run=0)) for row in rows))
                theirs.close()
            with suppress(OSError):
                other.unlink()

    # The database

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, explained(self._path):
            yield self._database

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                values = [(DONE, output, self.run) for output in self._in_place]
                database.executemany("UPDATE items SET state = ? WHERE output = ? AND run = ?", values)
                yield database
                database.execute("COMMIT")
                self._in_place.clear()
            except BaseException:
                if database.in_transaction:
                    with suppress(sqlite3.Error):
                        database.execute("ROLLBACK")
                raise

    def _name(self, output: Path) -> str:
        return os.path.relpath(output, self._root).replace(os.sep, "/")
