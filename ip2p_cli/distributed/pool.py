"""Edits photos by several workers: what `assembly.edit_photos` does in one process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from ip2p_cli.batch import BATCHES, DECODERS
from ip2p_cli.distributed.desk import EditDesk, numbered
from ip2p_cli.errors import EnvironmentStop
from ip2p_cli.events import Listener, Summary
from ip2p_cli.ledger import OwnLedger
from ip2p_cli.plan import PhotoPlan
from ip2p_cli.types import Outcome
from ip2p_cli.workers import Link, Pool, WorkQueue


class EditPool:
    """One pass over a plan by workers that are hired already."""

    def __init__(
        self,
        links: Sequence[Link],
        plans: Iterable[PhotoPlan | None],
        model: str,
        batch_size: int,
        ledger: OwnLedger,
        listeners: Sequence[Listener],
        stop_requested: Callable[[], bool],
        notice: Callable[[str], None],
    ) -> None:
        in_hand = (BATCHES + 3) * batch_size + DECODERS  # of a worker at most: decoded, at the editor, to be written
        queue = WorkQueue(numbered(plans), len(links), in_hand)
        self._links = links
        self._desk = EditDesk(queue, len(links), model, ledger, stop_requested, notice)
        self._listeners = listeners
        self._stop_requested = stop_requested
        self._summary = Summary()

    def run(self) -> Summary:
        """Run everything. The listeners get every outcome, and the summary also when the run is stopped by an error.

        Raises:
            EnvironmentStop: no worker is left, or the disk or the journal fails.
            Ip2pError: what ended a worker, and would end each.
        """
        started = time.monotonic()
        summary, silent = self._summary, False
        summary.stopped = True
        try:
            with Pool(self._links, self._desk) as pool:
                for _ in pool.turns(lambda: self._desk.is_over):
                    self._tell(self._desk.outcomes())
            summary.stopped = self._stop_requested()
        except Exception as problem:
            silent = not isinstance(problem, EnvironmentStop)
            raise
        finally:
            self._tell(self._desk.outcomes(everything=True))
            summary.seconds = time.monotonic() - started
            if summary.counts or not silent:
                for listener in self._listeners:
                    listener.finish(summary)
        return summary

    def end_at_once(self) -> None:
        """Have the workers dead, and leave no half-written files; for a signal handler."""
        for link in self._links:
            link.end()
        self._desk.discard_temporary()

    def _tell(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            self._summary.add(outcome)
            for listener in self._listeners:
                listener.outcome(outcome)
