"""Where a run answers workers that edit photos: it hands out photos, keeps the journal and gathers outcomes."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from ip2p_cli import edit_requests as requests
from ip2p_cli.atomic import discard_temporary, put_in_place
from ip2p_cli.claims import Claims, Ended, Held
from ip2p_cli.in_order import InOrder
from ip2p_cli.journal import Journal
from ip2p_cli.ledger import output_of
from ip2p_cli.plan import PhotoPlan
from ip2p_cli.types import EditJob, Outcome
from ip2p_cli.workers import WorkQueue


class EditDesk:
    """Calls come from a thread for each worker."""

    def __init__(
        self,
        queue: WorkQueue[PhotoPlan],
        workers: int,
        journal: Journal,
        claims: Claims,
        stop_requested: Callable[[], bool],
        notice: Callable[[str], None],
    ) -> None:
        """The queue's jobs are `numbered`; `notice` is told of workers that are lost."""
        self._queue = queue
        self._journal, self._claims = journal, claims
        self._stop_requested, self._notice = stop_requested, notice
        self._lock = threading.RLock()
        self._claimed: dict[int, dict[int, Path]] = {worker: {} for worker in range(workers)}  # job -> output
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
            case requests.Claim(job, key):
                return self._claim(worker, job, key)
            case requests.IsHeld(held):
                return self._claims.is_held(held)
            case requests.Ended(outcome, state):
                self._journal.ended(output_of(outcome), state, outcome.reason)
                self._claimed[worker].pop(outcome.job.number, None)
            case requests.PutInPlace(outcome, temporary, digest):
                self._put_in_place(outcome, temporary, digest)
                self._claimed[worker].pop(outcome.job.number, None)
                self._end(outcome)  # whatever becomes of the worker now
            case requests.Tell(outcome):
                self._end(outcome)
        return None

    def left(self, worker: int, reason: str | None) -> None:
        """As `Handler.left`: what it had claimed is free, what it has not ended is for the others."""
        for output in self._claimed.pop(worker).values():
            self._journal.give_back(output)
        self._queue.lost(worker)
        if reason is not None and self._claimed:
            self._notice(f"{reason}; the others go on with its photos")

    def discard_temporary(self) -> None:
        """Remove the half-written files of workers that are dead; for a signal handler."""
        for outputs in list(self._claimed.values()):
            for output in list(outputs.values()):
                discard_temporary(output)

    def _give(self, worker: int) -> PhotoPlan | requests.NoMore | None:
        if self._stop_requested():
            return requests.NoMore(stopped=True)
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
        answer = self._claims.claim(job, key)
        if isinstance(answer, EditJob) and answer.output is not None:
            self._claimed[worker][answer.number] = answer.output
        return answer

    def _put_in_place(self, outcome: Outcome, temporary: Path, digest: str) -> None:
        output = output_of(outcome)
        self._journal.prepared(output, digest)
        put_in_place(temporary, output)
        self._journal.done(output)

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
