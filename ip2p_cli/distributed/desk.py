"""Where a run answers workers that edit photos: it hands out photos, keeps the journal and gathers outcomes."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from ip2p_cli.claims import Ended, Held
from ip2p_cli.distributed import requests
from ip2p_cli.distributed.in_order import InOrder
from ip2p_cli.entries import FAILED
from ip2p_cli.ledger import OwnLedger, output_of
from ip2p_cli.plan import PhotoPlan
from ip2p_cli.types import EditJob, Outcome
from ip2p_cli.workers import WorkQueue


class EditDesk:
    """Calls come from a thread for each worker."""

    def __init__(
        self,
        queue: WorkQueue[PhotoPlan],
        workers: int,
        model: str,
        ledger: OwnLedger,
        stop_requested: Callable[[], bool],
        notice: Callable[[str], None],
    ) -> None:
        """The queue's jobs are `numbered`; `notice` is told of workers that are lost."""
        self._queue = queue
        self._model = model
        self._ledger = ledger
        self._stop_requested, self._notice = stop_requested, notice
        self._lock = threading.RLock()
        self._claimed: dict[int, dict[int, EditJob]] = {worker: {} for worker in range(workers)}  # by their numbers
        self._photo_of: dict[int, int] = {}  # of jobs that have been given out and have not ended
        self._open: dict[int, set[int]] = {}  # photo -> its jobs that have not ended
        self._outcomes: InOrder[Outcome] = InOrder()

    @property
    def is_over(self) -> bool:
        """Whether every job has ended; once a stop is asked for, every one that a worker has in hand."""
        return self._queue.is_done or (self._stop_requested() and not self._queue.in_hand)

    def outcomes(self, *, everything: bool = False) -> list[Outcome]:
        """What is to be told now, in the order of the plan as far as can be; with `everything`, all there is."""
        with self._lock:
            return self._outcomes.take(everything=everything)

    def answer(self, worker: int, request: object) -> object:
        """As `Handler.answer`."""
        match request:
            case requests.TakePhoto():
                return self._give(worker)
            case requests.IsStopRequested():
                return self._stop_requested()
            case requests.Claim(job, key):
                return self._claim(worker, job, key)
            case requests.IsHeld(held):
                return self._ledger.is_held(held)
            case requests.Ended(outcome, state):
                self._ledger.ended(outcome, state)
                self._claimed[worker].pop(outcome.job.number, None)
            case requests.PutInPlace(outcome, temporary, digest):
                folder = Path(os.path.realpath(output_of(outcome.job).parent))
                self._ledger.put_in_place(outcome, folder / temporary, digest)
                self._claimed[worker].pop(outcome.job.number, None)
                self._end(outcome)  # whatever becomes of the worker now
            case requests.Tell(outcome):
                self._end(outcome)
        return None

    def left(self, worker: int, reason: str | None) -> None:
        """As `Handler.left`: what it had claimed is free, what it has not ended is for the others."""
        claimed = self._claimed.pop(worker)
        if reason is not None:
            for photo, plan in self._queue.hopeless(worker):
                self._give_up(photo, plan, claimed, reason)
        for job in claimed.values():
            self._ledger.give_back(job)
        self._queue.lost(worker)
        if reason is not None and self._claimed:
            self._notice(f"{reason}; the others go on with its photos")

    def discard_temporary(self) -> None:
        """Remove the half-written files of workers that are dead; for a signal handler."""
        for jobs in list(self._claimed.values()):
            for job in list(jobs.values()):
                self._ledger.discard_temporary(job)

    def _give(self, worker: int) -> PhotoPlan | requests.NoMore | None:
        if self._stop_requested():
            return requests.NoMore()
        with self._lock:
            taken = self._queue.take(worker)
            if taken is None:
                return requests.NoMore() if self._queue.is_done else None
            photo, plan = taken
            jobs = {item.job.number for item in plan.jobs}
            if photo not in self._open:
                self._open[photo] = jobs
                self._photo_of.update(dict.fromkeys(jobs, photo))
            # Where a worker was lost over the photo, some may have ended.
            return replace(plan, jobs=tuple(item for item in plan.jobs if item.job.number in self._open[photo]))

    def _claim(self, worker: int, job: EditJob, key: str) -> EditJob | Ended | Held:
        answer = self._ledger.claim(job, key)
        if isinstance(answer, EditJob):
            self._claimed[worker][answer.number] = answer
        if isinstance(answer, Held):
            with self._lock:
                self._outcomes.pass_over(job.number)
        return answer

    def _give_up(self, photo: int, plan: PhotoPlan, claimed: dict[int, EditJob], reason: str) -> None:
        """What is left to do of a photo over which a second worker is lost has failed. Takes it out of `claimed`."""
        for item in plan.jobs:
            number = item.job.number
            if number not in self._open.get(photo, ()):
                continue
            job = claimed.pop(number, None)
            said = f"two workers were lost over it ({reason}); try it alone, or leave it out"
            outcome = Outcome(job or item.job, "failed", self._model, reason=item.problem or said)
            if job is not None:
                self._ledger.discard_temporary(job)
                self._ledger.ended(outcome, FAILED)
            self._end(outcome)

    def _end(self, outcome: Outcome) -> None:
        with self._lock:
            photo = self._photo_of.pop(outcome.job.number, None)
            if photo is None:
                return  # it was told when its file was put in place
            self._outcomes.put(outcome.job.number, outcome)
            self._open[photo].discard(outcome.job.number)
            if not self._open[photo]:
                del self._open[photo]
                self._queue.done(photo)


def numbered(plans: Iterable[PhotoPlan | None]) -> Iterator[PhotoPlan | None]:
    """The same plans, their jobs numbered from 0."""
    numbers = itertools.count()
    for plan in plans:
        if plan is None:
            yield None
            continue
        jobs = (replace(item, job=replace(item.job, number=next(numbers))) for item in plan.jobs)
        yield replace(plan, jobs=tuple(jobs))
