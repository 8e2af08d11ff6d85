"""What a run says to the journal of its output folder, and asks of it: one interface, wherever the journal is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from ip2p_cli.atomic import AtomicWriter
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
    """The ledger of a process that has the journal open itself."""

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
        self._journal.ended(output_of(outcome), state, outcome.reason)

    def write(self, outcome: Outcome, data: bytes) -> None:
        """Note what is to come, write it, note that it is there."""
        output = output_of(outcome)
        self._journal.prepared(output, digest_of(data))
        self._writer.write(output, data)
        self._journal.done(output)


def output_of(outcome: Outcome) -> Path:
    """The file of a job that has one."""
    assert outcome.job.output is not None
    return outcome.job.output
