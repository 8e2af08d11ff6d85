"""Tasks that do not depend on each other, done by several workers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

from ip2p_cli.errors import EnvironmentStop
from ip2p_cli.workers.channel import Channel, Post, Workplace
from ip2p_cli.workers.pool import POLL, Pool
from ip2p_cli.workers.work_queue import WorkQueue

T = TypeVar("T")
R = TypeVar("R")
Make = Callable[["str | None"], Callable[[T], R]]
AHEAD = 2  # tasks a worker


def spread(workplace: Workplace, make: Make[T, R], tasks: Iterable[T]) -> Iterator[R]:
    """Have tasks done; what comes of each, as it is done.

    Each worker calls `make(device)` once, and what that gives for one task after another. `make`, tasks and results
    travel by pickle. A task is done again by another worker where one has died over it, or before it could tell: what
    it leaves behind has to be the same then, and whole or not there at all.

    Raises:
        EnvironmentStop: no worker is left, or one task has ended two of them.
        Ip2pError: what a task or `make` raised; an EnvironmentStop only ends the worker that it befell.
    """
    with workplace.hired(_be_worker, make) as links:
        desk: _Desk[T, R] = _Desk(tasks, len(links))
        with Pool(links, desk) as pool:
            for _ in pool.turns(lambda: desk.queue.is_done):
                yield from desk.results()


@dataclass(frozen=True)
class _Take:
    """Request: a task to do, with its number. None: not now."""


@dataclass(frozen=True)
class _Done(Generic[R]):
    """Request: to take what has come of one."""

    number: int
    result: R


_NO_MORE = "no more"


class _Desk(Generic[T, R]):
    def __init__(self, tasks: Iterable[T], workers: int) -> None:
        self.queue = WorkQueue(tasks, workers, AHEAD)
        self._results: SimpleQueue[R] = SimpleQueue()

    def answer(self, worker: int, request: object) -> object:
        """As `Handler.answer`."""
        if isinstance(request, _Done):
            self._results.put(request.result)
            self.queue.done(request.number)
            return None
        return self.queue.take(worker) or (_NO_MORE if self.queue.is_done else None)

    def left(self, worker: int, reason: str | None) -> None:
        """As `Handler.left`.

        Raises:
            EnvironmentStop: a second worker is lost over one task; more would be.
        """
        if reason is not None and self.queue.hopeless(worker):
            raise EnvironmentStop(f"two workers were lost over one task ({reason}); the same command goes on")

        self.queue.lost(worker)

    def results(self) -> Iterator[R]:
        """Those that have come."""
        while True:
            try:
                yield self._results.get_nowait()
            except Empty:
                return


def _be_worker(make: Make[Any, Any], post: Post, channel: Channel) -> None:
    function = make(post.device)
    while (task := channel.ask(_Take())) != _NO_MORE:
        if task is None:
            time.sleep(POLL)
            continue
        number, item = task
        channel.ask(_Done(number, function(item)))
