"""The run's side of all workers: a thread for each answers what it asks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Protocol

from ip2p_cli.errors import EnvironmentStop, ItemError
from ip2p_cli.workers.channel import Farewell, Link, Lost, Refusal, as_error

POLL = 0.2  # seconds between looks, where nothing is told
GRACE = 2.0  # seconds for workers to leave by themselves when all is done
PATIENCE = 30.0  # seconds for a thread to see that its worker is dead


class Handler(Protocol):
    """What answers. Calls come from several threads."""

    def answer(self, worker: int, request: object) -> object:
        """The answer to what a worker asks. An ItemError is answered as it is; any other error ends the run."""

    def left(self, worker: int, reason: str | None) -> None:
        """A worker is no more; None: it was told to end."""


class Pool:
    """A context in which workers are answered. At its end they are dead."""

    def __init__(self, links: Sequence[Link], handler: Handler) -> None:
        self._links = links
        self._handler = handler
        self._threads = [
            threading.Thread(target=self._serve, args=place, name=f"worker {place[0]}", daemon=True)
            for place in enumerate(links)
        ]
        self._lock = threading.Lock()
        self._happened = threading.Event()
        self._living = len(links)
        self._closing = False
        self._last_reason: str | None = None
        self._problem: Exception | None = None

    def __enter__(self) -> Pool:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        ends_at = time.monotonic() + (GRACE if kind is None else 0)
        while self._living and time.monotonic() < ends_at:
            self._happened.wait(POLL)
            self._happened.clear()
        self._closing = True
        for link in self._links:
            link.end()
        for thread in self._threads:
            thread.join(PATIENCE)

    def turns(self, over: Callable[[], bool]) -> Iterator[None]:
        """A turn whenever something may have happened, until all is over.

        Raises:
            EnvironmentStop: no worker is left.
            Exception: what ended the run in a worker, or in answering one.
        """
        while True:
            if self._problem is not None:
                raise self._problem
            living, is_over = self._living, over()  # in this order: the last one's doings count
            yield
            if is_over:
                return
            if not living:
                raise EnvironmentStop(f"no worker is left ({self._last_reason}); run the same command again to go on")
            self._happened.wait(POLL)
            self._happened.clear()

    def _serve(self, worker: int, link: Link) -> None:
        answer: tuple[object, ...] = ()
        reason: str | None = None
        try:
            while not isinstance(request := link.exchange(*answer), Farewell):
                answer = (self._answered(worker, request),)
            reason = request.problem
            if request.is_everybodys:
                self._fail(as_error(request))
        except Lost as lost:
            reason = str(lost)
        except Exception as problem:
            self._fail(problem)
        self._leave(worker, reason)

    def _answered(self, worker: int, request: object) -> object:
        try:
            return self._handler.answer(worker, request)
        except ItemError as problem:
            return Refusal(str(problem))
        finally:
            self._happened.set()

    def _leave(self, worker: int, reason: str | None) -> None:
        try:
            self._handler.left(worker, None if self._closing else reason)
        except Exception as problem:
            self._fail(problem)
        with self._lock:
            self._living -= 1
            self._last_reason = reason or self._last_reason
        self._happened.set()

    def _fail(self, problem: Exception) -> None:
        self._problem = self._problem or problem
        self._happened.set()
