"""Who makes which output: what is done stays, what another run has in hand is waited for, the rest is claimed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ip2p_cli.atomic import discard_temporary
from ip2p_cli.choices import OnExists
from ip2p_cli.entries import BLOCKED, DONE, FAILED, Entry
from ip2p_cli.errors import ItemError
from ip2p_cli.journal import Claim, Journal
from ip2p_cli.types import EditJob

if TYPE_CHECKING:
    from ip2p_cli.mask_folder import MaskFolder


@dataclass(frozen=True)
class Ended:
    """An item that this run need not touch."""

    status: str
    reason: str | None = None


@dataclass(frozen=True)
class Held:
    """An item that another run has in hand, or this one for an older version of the photo; by its journal entry."""

    name: str


class Claims:
    """Decides, item by item. Calls may run in several threads."""

    def __init__(
        self,
        journal: Journal,
        on_exists: OnExists,
        *,
        retry_failed: bool = False,
        mask_folder: MaskFolder | None = None,
    ) -> None:
        self._journal = journal
        self._on_exists = on_exists
        self._retry_failed = retry_failed
        self._mask_folder = mask_folder

    def claim(self, job: EditJob, key: str) -> EditJob | Ended | Held:
        """The job, with the name to write it under, where this run is to do it.

        Raises:
            ItemError: something else is there, and --on-exists does not say what to do with it.
        """
        assert job.output is not None
        claim = Claim(key, source_name(job), tuple(step.instruction for step in job.steps))
        while (answer := self._try(job, job.output, claim)) is None:
            pass  # another run was quicker: look again
        return answer

    def is_held(self, held: Held) -> bool:
        """Whether the other run still has it in hand."""
        return self._journal.is_held(held.name)

    def give_back(self, job: EditJob) -> None:
        """Put in order what a dead worker of this run has left of a job that was claimed: another may claim it."""
        self.discard_temporary(job)
        assert job.output is not None
        self._journal.give_back(job.output)

    def discard_temporary(self, job: EditJob) -> None:
        """Remove what a dead worker has half written for a job; a signal handler may call it."""
        assert job.output is not None
        discard_temporary(job.output)
        if self._mask_folder is not None:
            self._mask_folder.discard_temporary(job)

    def _try(self, job: EditJob, output: Path, claim: Claim) -> EditJob | Ended | Held | None:
        is_there = _exists(output)  # asked first: what comes after it, the journal knows of
        entry = self._journal.entry(output)
        if entry is not None:
            # Only --watch makes an output of one photo twice, when that has changed; the plan keeps apart all others.
            is_other = entry.key != claim.key and entry.source != claim.source
            if entry.run == self._journal.run and entry.in_hand and entry.source == claim.source:
                return Held(entry.output)  # the photo as it was before it changed, with --watch
            if entry.run == self._journal.run and (entry.in_hand or is_other):
                if self._on_exists is OnExists.RENAME:
                    return self._another_name(job, output, claim)
                raise ItemError(f"{output} is made of {entry.source} in this run; put {{relpath}} or {{ext}} in --name")
            if entry.in_hand:
                return Held(entry.output) if self._journal.is_held(entry.output) else None
            ended = self._ended(entry, claim)
            if ended is not None:
                return ended
        if is_there and self._on_exists is OnExists.RENAME:
            return self._another_name(job, output, claim)
        if is_there and self._on_exists is not OnExists.OVERWRITE:
            raise ItemError(self._obstacle(output, entry, claim))
        if self._mask_folder is not None:
            self._mask_folder.place(job, claim.key)  # what lies in its way is said now, not after the edit
        return job if self._journal.claim(output, entry, claim) else None

    def _ended(self, entry: Entry, claim: Claim) -> Ended | None:
        """How the same item ended before; what a run beside this one has settled is settled for this one too."""
        if entry.key != claim.key:
            return None
        beside = self._journal.is_beside(entry)
        if entry.state == DONE:
            keeps = self._on_exists in (OnExists.RESUME, OnExists.RENAME)  # the same picture twice helps nobody
            counts = (beside or keeps) and self._journal.is_intact(entry)
            return Ended("skipped") if counts else None
        if beside:
            return Ended(BLOCKED if entry.state == BLOCKED else FAILED, entry.reason)
        if entry.state == FAILED and self._on_exists is OnExists.RESUME and not self._retry_failed:
            return Ended(FAILED, f"{entry.reason} (so it was in an earlier run; --retry-failed tries it again)")
        return None

    def _another_name(self, job: EditJob, output: Path, claim: Claim) -> EditJob | Ended | Held | None:
        entry = self._journal.claim_another_name(output, claim)
        if entry.run == self._journal.run:
            return replace(job, output=output.with_name(Path(entry.output).name))
        if entry.in_hand:
            return Held(entry.output) if self._journal.is_held(entry.output) else None
        return self._ended(entry, claim) or Ended(FAILED, f"{entry.output}, of another run, is gone; run it again")

    def _obstacle(self, output: Path, entry: Entry | None, claim: Claim) -> str:
        if self._on_exists is OnExists.ERROR:
            return f"{output} exists; remove it, or choose another --on-exists"
        if entry is None or not self._journal.is_intact(entry):
            return f"{output} exists and is not what ip2p wrote there; use --on-exists rename or overwrite"
        before, now = (_made(each.source, each.instructions) for each in (entry, claim))
        how = f"from {before}, not {now}" if before != now else f"from {now} with other contents or settings"
        return f"{output} was made {how}; use --on-exists rename or overwrite, or another -o"


def source_name(job: EditJob) -> str:
    """The source as the journal and messages name it."""
    return str(job.source.path or "stdin")


def _exists(path: Path) -> bool:
    try:
        return path.exists() or path.is_symlink()
    except OSError as problem:
        raise ItemError(f"cannot look at {path}: {problem.strerror}") from None


def _made(source: str, instructions: tuple[str, ...]) -> str:
    return f"{source} by {', then '.join(repr(text) for text in instructions)}"
