"""From an edited picture to a file (or stdout), recorded in the journal."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from typing import BinaryIO

from ip2p_cli.chain import Edited
from ip2p_cli.entries import UNWRITTEN
from ip2p_cli.errors import EnvironmentStop, ItemError
from ip2p_cli.ledger import Ledger
from ip2p_cli.mask_folder import MaskFolder
from ip2p_cli.output import encode
from ip2p_cli.prepare import RunSettings
from ip2p_cli.types import Outcome


class Store:
    """Writes outputs; calls may run in several threads."""

    def __init__(
        self,
        settings: RunSettings,
        ledger: Ledger | None,
        stdout: BinaryIO | None = None,
        masks: MaskFolder | None = None,
    ) -> None:
        """Without a ledger, the one picture goes to `stdout`."""
        self._settings = settings
        self._ledger = ledger
        self._stdout = stdout
        self._masks = masks

    def save(self, edited: Edited) -> Outcome:
        """Encode and write one picture.

        Raises:
            EnvironmentStop: the disk is full, read-only or failing, or nobody reads stdout.
        """
        job, started = edited.ready.job, time.monotonic()

        def failed(problem: ItemError) -> Outcome:
            reason, model = str(problem), self._settings.model
            return Outcome(job, "failed", model, edited.seconds, reason, edited.change, scores=edited.scores)

        try:
            provenance = self._settings.provenance(job, edited.review)
            data = encode(edited.image, edited.ready.photo, self._settings.encoding, provenance, edited.further)
        except ItemError as problem:
            return self.record(failed(problem))
        done = Outcome(
            job,
            "flagged" if edited.flags else "done",
            self._settings.model,
            edited.seconds,
            "; ".join(edited.flags) or None,
            edited.change,
            edited.tries,
            edited.scores,
        )
        try:
            if self._masks is not None:
                self._masks.save(edited)
            self._write(done, data)
        except ItemError as problem:  # not for good: permissions change
            return self.record(failed(problem), UNWRITTEN)
        return replace(done, seconds=edited.seconds + time.monotonic() - started)

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
