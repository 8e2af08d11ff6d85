"""What a run made, to look at: a page with sliders (`--report`) and a labelled grid (`--contact-sheet`).

Both are listeners' sinks: previews are made beside the run, in one thread, and what is told is kept on disk, so that
memory does not grow with the number of photos.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from ip2p_cli.events import Summary
from ip2p_cli.report.previews import Pair, preview_pair
from ip2p_cli.sources import SourceReader
from ip2p_cli.types import Outcome

BACKLOG = 16  # outcomes whose previews are still to be made: as many as Ctrl-C should have to wait for


class Sink(Protocol):
    """Something that is filled item by item and put in place at the end."""

    def side(self, number: int) -> int:
        """The longer side, in pixels, of the pictures it wants of item `number`."""

    def add(self, number: int, outcome: Outcome, pair: Pair | None) -> None:
        """One item; `pair` is None where there is nothing to show. The numbers go up from 0."""

    def finish(self, summary: Summary) -> None:
        """Put it in place: whole, or not at all."""


class Report:
    """The listener that fills sinks. What goes wrong with one never stops the editing: it is raised at the end."""

    def __init__(self, sinks: Sequence[Sink], reader: SourceReader) -> None:
        self._sinks = sinks
        self._reader = reader
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="report")
        self._under_way: deque[Future[None]] = deque()
        self._number = 0
        self._problem: Exception | None = None

    def outcome(self, outcome: Outcome) -> None:
        """Have the item added; waits when too many are under way."""
        self._under_way.append(self._worker.submit(self._add, self._number, outcome))
        self._number += 1
        self._collect(keep=BACKLOG)

    def finish(self, summary: Summary) -> None:
        """Put the page and the sheets in place, also when the run was stopped.

        Raises:
            Ip2pError: one of them cannot be written.
        """
        self._collect(keep=0)
        self._worker.shutdown()
        for sink in self._sinks:
            if self._problem is None:
                sink.finish(summary)
        if self._problem is not None:
            raise self._problem

    def _collect(self, keep: int) -> None:
        while self._under_way and (len(self._under_way) > keep or self._under_way[0].done()):
            problem = self._under_way.popleft().exception()
            if isinstance(problem, Exception):
                self._problem = self._problem or problem

    def _add(self, number: int, outcome: Outcome) -> None:
        if self._problem is not None:
            return
        pair = preview_pair(outcome, self._reader, max(sink.side(number) for sink in self._sinks))
        for sink in self._sinks:
            sink.add(number, outcome, pair)
