"""What editing says to the journal of the output folder, and asks of it: one interface, wherever that is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from ip2p_cli.atomic import AtomicWriter, put_in_place
from ip2p_cli.claims import Claims, Ended, Held
from ip2p_cli.entries import digest_of
from ip2p_cli.journal import Journal
from ip2p_cli.types import EditJob, Outcome


class Ledger(Protocol):
    """Calls may run in several threads. Each raises EnvironmentStop where the disk or the journal fails."""

    def claim(self, job: EditJob, key: str) -> EditJob | Ended | Held:
        """As `Claims.claim`."""

    def is_held(self, held: Held) -> bool:
        """As `Claims.is_held`."""

    def ended(self, outcome: Outcome, state: str) -> None:
        """Note that nothing came of a job that was claimed."""

    def write(self, outcome: Outcome, data: bytes) -> None:
        """Put the file of a job that was claimed in place, and note that it is done.

        Raises:
            ItemError: this one file cannot be written.
        """


class OwnLedger:
    """The ledger of the process that has the journal open. Where there are workers, it does this for them."""

    def __init__(self, journal: Journal, claims: Claims, writer: AtomicWriter) -> None:
        self._journal, self._claims, self._writer = journal, claims, writer

    def claim(self, job: EditJob, key: str) -> EditJob | Ended | Held:
        """As `Claims.claim`."""
        return self._claims.claim(job, key)

    def is_held(self, held: Held) -> bool:
        """As `Claims.is_held`."""
        return self._claims.is_held(held)

    def ended(self, outcome: Outcome, state: str) -> None:
        """Note it in the journal."""
        self._journal.ended(output_of(outcome.job), state, outcome.reason)

    def write(self, outcome: Outcome, data: bytes) -> None:
        """Write the file under a temporary name, and put it in place."""
        with self._writer.staged(output_of(outcome.job), data) as temporary:
            self.put_in_place(outcome, temporary, digest_of(data))

    def put_in_place(self, outcome: Outcome, temporary: Path, digest: str) -> None:
        """Give a file that is whole under a temporary name its own, and note that; the digest is that of its bytes.

        Raises:
            ItemError: it cannot have that name.
        """
        output = output_of(outcome.job)
        self._journal.prepared(output, digest)
        put_in_place(temporary, output)
        self._journal.done(output)

    def give_back(self, job: EditJob) -> None:
        """As `Claims.give_back`."""
        self._claims.give_back(job)

    def discard_temporary(self, job: EditJob) -> None:
        """As `Claims.discard_temporary`."""
        self._claims.discard_temporary(job)


def output_of(job: EditJob) -> Path:
    """The file that a job writes; with a ledger, each has one."""
    assert job.output is not None
    return job.output
