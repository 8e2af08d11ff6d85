"""From an edited picture to a file (or stdout), recorded in the journal."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from ip2p_cli.atomic import AtomicWriter
from ip2p_cli.entries import UNWRITTEN, digest_of
from ip2p_cli.errors import EnvironmentStop, ItemError
from ip2p_cli.journal import Journal
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
        journal: Journal | None,
        writer: AtomicWriter,
        stdout: BinaryIO | None = None,
        mask_folder: MaskFolder | None = None,
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._writer = writer
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
            self._write(job.output, data)
        except ItemError as problem:  # not for good: permissions change
            return self.record(failed(problem), UNWRITTEN)
        return replace(written, seconds=edited.seconds + time.monotonic() - started)

    def record(self, outcome: Outcome, state: str | None = None) -> Outcome:
        """Note in the journal that nothing came of a job, and why."""
        if self._journal is not None and outcome.job.output is not None:
            self._journal.ended(outcome.job.output, state or outcome.status, outcome.reason)
        return outcome

    def discard_all(self) -> None:
        """Remove what is half written: the process is about to end."""
        self._writer.discard_all()
        if self._mask_folder is not None:
            self._mask_folder.discard_all()

    def _write(self, output: Path | None, data: bytes) -> None:
        if output is None:
            self._to_stdout(data)
            return
        if self._journal is not None:
            self._journal.prepared(output, digest_of(data))
        self._writer.write(output, data)
        if self._journal is not None:
            self._journal.done(output)

    def _to_stdout(self, data: bytes) -> None:
        stream = self._stdout or sys.stdout.buffer
        try:
            stream.write(data)
            stream.flush()
        except OSError as problem:
            reason = problem.strerror or "nobody reads it"
            raise EnvironmentStop(f"cannot write the picture to stdout: {reason}; run the command again") from None
