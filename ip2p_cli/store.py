"""From an edited picture to a file (or stdout), recorded in the journal."""

from __future__ import annotations

import sys
import time
from typing import BinaryIO

from ip2p_cli.atomic import AtomicWriter, as_write_error
from ip2p_cli.chain import Edited
from ip2p_cli.errors import EnvironmentStop, ItemError
from ip2p_cli.journal import Journal, digest_of
from ip2p_cli.output import encode
from ip2p_cli.prepare import RunSettings
from ip2p_cli.types import Outcome


class Store:
    """Writes outputs; calls may run in several threads."""

    def __init__(
        self,
        settings: RunSettings,
        journal: Journal | None,
        writer: AtomicWriter,
        stdout: BinaryIO | None = None,
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._writer = writer
        self._stdout = stdout

    def save(self, edited: Edited) -> Outcome:
        """Encode and write one picture.

        Raises:
            EnvironmentStop: the disk is full or read-only, or nobody reads stdout.
        """
        job, started = edited.ready.job, time.monotonic()
        try:
            provenance = self._settings.provenance(job, edited.review)
            data = encode(edited.image, edited.ready.photo, self._settings.encoding, provenance)
            self._write(edited, data)
        except ItemError as problem:
            return Outcome(job, "failed", self._settings.model, edited.seconds, str(problem), edited.change)
        seconds = edited.seconds + time.monotonic() - started
        status = "flagged" if edited.flags else "done"
        return Outcome(job, status, self._settings.model, seconds, "; ".join(edited.flags) or None, edited.change)

    def _write(self, edited: Edited, data: bytes) -> None:
        job = edited.ready.job
        if job.output is None:
            self._to_stdout(data)
            return
        if self._journal is not None:
            try:
                self._journal.add(
                    job.output,
                    edited.ready.key,
                    digest_of(data),
                    str(job.source.path or "stdin"),
                    tuple(step.instruction for step in job.steps),
                )
            except OSError as problem:
                raise as_write_error(problem, job.output) from problem
        self._writer.write(job.output, data)

    def _to_stdout(self, data: bytes) -> None:
        stream = self._stdout or sys.stdout.buffer
        try:
            stream.write(data)
            stream.flush()
        except OSError as problem:
            reason = problem.strerror or "nobody reads it"
            raise EnvironmentStop(f"cannot write the picture to stdout: {reason}; run the command again") from None
