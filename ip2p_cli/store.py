"""From an edited picture to a file (or stdout), recorded in the journal."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from typing import BinaryIO

from ip2p_cli.entries import UNWRITTEN
from ip2p_cli.errors import EnvironmentStop, ItemError
from ip2p_cli.ledger import Ledger
from ip2p_cli.mask_folder import MaskFolder
from ip2p_cli.output import encode
from ip2p_cli.prepare import RunSettings
from ip2p_cli.tries import Edited
from ip2p_cli.types import Outcome


class Store:
    """Writes outputs; calls may run in several threads."""

    def __init__(
        self,
        settings: RunSettings,
        ledger: Ledger | None,
        stdout: BinaryIO | None = None,
        mask_folder: MaskFolder | None = None,
    ) -> None:
        """Without a ledger, the one picture goes to `stdout`."""
        self._settings = settings
        self._ledger = ledger
        self._stdout = stdout
        self._mask_folder = mask_folder

    def save(self, edited: Edited) -> Outcome:
        """Encode and write one picture.

        Raises:
            EnvironmentStop: the disk is full, read-only or failing, or nobody reads stdout.
        """
        job, started = edited.ready.job, time.monotonic()
        written = edited.outcome(self._settings.model)

        def failed(problem: ItemError) -> Outcome:
            return replace(written, status="failed", reason=str(problem))

        try:
            provenance = self._settings.provenance(job)
            data = encode(edited.image, edited.ready.photo, self._settings.encoding, provenance, edited.further)
        except ItemError as problem:
            return self.record(failed(problem))
        try:
            if self._mask_folder is not None:  # before the output: a finished one is not looked at again
                self._mask_folder.save(edited)
            self._write(written, data)
        except ItemError as problem:  # not for good: permissions change
            return self.record(failed(problem), UNWRITTEN)
        return replace(written, seconds=edited.seconds + time.monotonic() - started)

    def record(self, outcome: Outcome, state: str | None = None) -> Outcome:
        """Note in the journal that nothing came of a job, and why."""
        if self._ledger is not None:
            self._ledger.ended(outcome, state or outcome.status)
        return outcome

    def _write(self, outcome: Outcome, data: bytes) -> None:
        if self._ledger is not None:
            self._ledger.write(outcome, data)
        else:
            self._to_stdout(data)

    def _to_stdout(self, data: bytes) -> None:
        stream = self._stdout or sys.stdout.buffer
        try:
            stream.write(data)
            stream.flush()
        except OSError as problem:
            reason = problem.strerror or "nobody reads it"
            raise EnvironmentStop(f"cannot write the picture to stdout: {reason}; run the command again") from None
