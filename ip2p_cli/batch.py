"""Runs jobs: decode pool -> editor -> encode pool, bounded in memory, reported in the order of the plan."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from ip2p_cli.errors import EnvironmentStop
from ip2p_cli.events import Listener, Summary
from ip2p_cli.frames import Runner
from ip2p_cli.in_hand import UNDER_WAY, has_room_ahead, is_full, pixels_of
from ip2p_cli.plan import PhotoPlan
from ip2p_cli.prepare import Prepared, Preparer, Ready, Waiting
from ip2p_cli.store import Store
from ip2p_cli.tries import Edited
from ip2p_cli.types import Outcome

DECODERS = min(4, os.cpu_count() or 1)
BATCHES = 2  # at the editor: one is at the network, the other comes from it or waits for it
ENCODERS = 2
POLL = 0.2  # seconds between looks at what other runs have in hand
_Slot = Outcome | Future[Outcome | None]  # None: given up


class BatchRun:
    """One pass over a plan. Two batches at a time are at the editor; files are read and written beside it."""

    def __init__(
        self,
        preparer: Preparer,
        runner: Runner,
        store: Store,
        listeners: Sequence[Listener],
        batch_size: int,
        stop_requested: Callable[[], bool] = lambda: False,
    ) -> None:
        self._preparer = preparer
        self._runner = runner
        self._store = store
        self._listeners = listeners
        self._batch_size = batch_size
        self._stop_requested = stop_requested
        self._slots: deque[_Slot] = deque()  # of jobs that are past the editor, in plan order
        self._under_way: dict[Future[Outcome | None], int] = {}  # pixels of what is at the editor or being written
        self._free = threading.Semaphore(BATCHES)
        self._next_look = 0.0
        self.summary = Summary()

    def run(self, plans: Iterable[PhotoPlan | None]) -> Summary:
        """Run everything; the listeners get every outcome, and the summary also when the run is stopped by an error.

        A None among the plans says that there is nothing to do just now. Outcomes come in the order of the plan, but
        for items that another run has in hand: these come when it is done.
        """
        started = time.monotonic()
        encoders = ThreadPoolExecutor(ENCODERS, thread_name_prefix="encode")
        editors = ThreadPoolExecutor(BATCHES, thread_name_prefix="edit")
        decoders = ThreadPoolExecutor(DECODERS, thread_name_prefix="decode")
        silent = False
        self.summary.stopped = True
        try:
            for batch in self._batches(self._prepared(plans, decoders)):
                self._edit(batch, editors, encoders)
                batch.clear()  # its photos need not be kept while the next ones are decoded
                self._report(keep=(BATCHES + 1) * self._batch_size)
            self._report(keep=0)
            self.summary.stopped = self._stop_requested()
        except Exception as problem:
            silent = not isinstance(problem, EnvironmentStop)  # a wrong command is one line, not a summary of nothing
            raise
        finally:
            decoders.shutdown(cancel_futures=True)
            editors.shutdown(cancel_futures=True)
            encoders.shutdown()
            self._drain()
            self.summary.seconds = time.monotonic() - started
            if self.summary.counts or not silent:
                for listener in self._listeners:
                    listener.finish(self.summary)
        return self.summary

    def _prepared(
        self, plans: Iterable[PhotoPlan | None], pool: ThreadPoolExecutor
    ) -> Iterator[Ready | Outcome | None]:
        """Jobs in plan order, at most a batch of photos ahead of the editor. None: nothing to do but wait."""
        ahead: deque[Future[list[Prepared]]] = deque()
        waiting: deque[Waiting] = deque()  # never more than other runs hold at once
        remaining = iter(plans)
        exhausted = False
        while not self._stop_requested():
            ahead.extend(pool.submit(self._preparer.prepare, item.plan) for item in self._no_longer_held(waiting))
            exhausted = exhausted or self._is_at_end(remaining, ahead, pool)
            if ahead:
                for item in ahead.popleft().result():
                    if isinstance(item, Waiting):
                        waiting.append(item)
                    else:
                        yield item
            elif waiting or not exhausted:
                yield None
                time.sleep(POLL)
            else:
                return

    def _is_at_end(
        self, remaining: Iterator[PhotoPlan | None], ahead: deque[Future[list[Prepared]]], pool: ThreadPoolExecutor
    ) -> bool:
        """Keep the decoders busy, as far as there is something to do; whether the plan has come to its end."""
        while len(ahead) < self._batch_size + DECODERS and has_room_ahead(ahead, DECODERS):
            try:
                plan = next(remaining)
            except StopIteration:
                return True
            if plan is None:
                return False
            ahead.append(pool.submit(self._preparer.prepare, plan))
        return False

    def _no_longer_held(self, waiting: deque[Waiting]) -> list[Waiting]:
        """Take out of `waiting` what other runs have finished, or have died over."""
        if not waiting or time.monotonic() < self._next_look:
            return []
        self._next_look = time.monotonic() + POLL
        free = [item for item in waiting if not self._preparer.is_waiting(item)]
        for item in free:
            waiting.remove(item)
        return free

    def _batches(self, prepared: Iterable[Ready | Outcome | None]) -> Iterator[list[Ready | Outcome]]:
        """Cut so that each holds up to `batch_size` jobs to edit; what ended already rides along, to keep the order."""
        batch: list[Ready | Outcome] = []
        for item in prepared:
            if item is not None:
                batch.append(item)
            to_edit = [one for one in batch if isinstance(one, Ready)]
            is_enough = len(to_edit) in (0, self._batch_size) or is_full(to_edit)
            # What this run has claimed is never kept while it waits for others: they might be waiting for it.
            if item is None or is_enough or len(batch) >= 8 * self._batch_size:
                yield batch
                batch = []
        if batch:
            yield batch

    def _edit(self, batch: list[Ready | Outcome], editors: ThreadPoolExecutor, encoders: ThreadPoolExecutor) -> None:
        if any(isinstance(item, Ready) for item in batch):
            self._free.acquire()
        stopping = self._stop_requested()  # finish what the editor has begun, not what is only decoded
        kept = [item for item in batch if isinstance(item, Outcome) or not stopping]
        ready = [item for item in kept if isinstance(item, Ready)]
        ends: list[Future[Outcome | None]] = [Future() for _ in ready]
        if ready:
            self._under_way.update(zip(ends, map(pixels_of, ready), strict=True))
            editors.submit(self._edit_and_save, ready, ends, encoders)
        following = iter(ends)
        self._slots.extend(item if isinstance(item, Outcome) else next(following) for item in kept)

    def _edit_and_save(
        self, ready: list[Ready], ends: list[Future[Outcome | None]], encoders: ThreadPoolExecutor
    ) -> None:
        """In a thread of its own: what is edited is saved at once, whatever the calling thread is waiting for."""
        try:
            edited = self._runner.run(ready)
        except BaseException as problem:  # all of them: somebody waits for the ends
            for end in ends:
                end.set_exception(problem)
            return
        finally:
            self._free.release()
        for one, end in zip(edited, ends, strict=True):
            encoders.submit(self._save, one, end)

    def _save(self, edited: Edited | Outcome | None, end: Future[Outcome | None]) -> None:
        try:
            if edited is None:  # given up, as the run is to stop: it is nobody's now, and the next run takes it up
                end.set_result(None)
            else:
                save = self._store.record if isinstance(edited, Outcome) else self._store.save
                end.set_result(save(edited))  # type: ignore[arg-type]
        except BaseException as problem:  # as above
            end.set_exception(problem)

    def _report(self, keep: int) -> None:
        """Tell the listeners what has ended; wait until no more than `keep` jobs are under way."""
        while self._slots:
            slot = self._slots[0]
            if isinstance(slot, Future):
                if not slot.done() and len(self._slots) <= keep and self._pixels_under_way() <= UNDER_WAY:
                    return
                outcome = slot.result()
                del self._under_way[slot]
            else:
                outcome = slot
            self._slots.popleft()
            self._tell(outcome)

    def _pixels_under_way(self) -> int:
        return sum(pixels for slot, pixels in self._under_way.items() if not slot.done())

    def _drain(self) -> None:
        """Report what was written while an error was on its way up."""
        for slot in self._slots:
            if not isinstance(slot, Future):
                self._tell(slot)
            elif slot.done() and slot.exception() is None:
                self._tell(slot.result())
        self._slots.clear()

    def _tell(self, outcome: Outcome | None) -> None:
        if outcome is not None:
            self.summary.add(outcome)
            for listener in self._listeners:
                listener.outcome(outcome)
