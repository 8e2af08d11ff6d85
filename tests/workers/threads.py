"""Workers that are threads of the test's process, and die when they are told to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Queue
from typing import Any

from ip2p_cli.workers import Channel, Post
from ip2p_cli.workers.channel import Farewell, Lost, RunGone, accept, serve

Dies = Callable[[int, int], "str | None"]  # (worker, number of the request) -> "before" or "after" it is answered


class Threads:
    """A workplace of so many threads."""

    def __init__(self, workers: int, dies: Dies = lambda worker, request: None) -> None:
        self._workers, self._dies = workers, dies
        self.asked = [0] * workers

    @contextmanager
    def hired(self, main: Callable[[Any, Post, Channel], None], work: object) -> Iterator[list[ThreadLink]]:
        """As `Workplace.hired`."""
        links = [ThreadLink(self, number) for number in range(self._workers)]
        for number, link in enumerate(links):
            link.thread = threading.Thread(target=_live, args=(main, work, Post(number, None), link), daemon=True)
            link.thread.start()
        yield links
        for link in links:
            link.end()
            link.thread.join()

    def fate(self, worker: int) -> str | None:
        """Of the worker at its next request."""
        self.asked[worker] += 1
        return self._dies(worker, self.asked[worker])


class Killed(BaseException):
    """Raised by a worker's own doings, it is as if the worker were killed over them."""


def _live(main: Callable[[Any, Post, Channel], None], work: object, post: Post, link: ThreadLink) -> None:
    try:
        serve(main, work, post, link)
    except Killed:
        link.die()


class ThreadLink:
    """Both ends of one channel."""

    thread: threading.Thread
    device: str | None = None

    def __init__(self, place: Threads, worker: int) -> None:
        self._place, self._worker = place, worker
        self._requests: Queue[object] = Queue()
        self._answers: Queue[object] = Queue()
        self._lock = threading.Lock()
        self._dead = False

    # the run's end

    def exchange(self, *answer: object) -> object:
        """As `Link.exchange`."""
        for one in answer:
            self._answers.put(one)
        request = self._requests.get()
        if isinstance(request, Lost):
            raise request
        return request

    def end(self) -> None:
        """As `Link.end`."""
        self.die()
        self._answers.put(RunGone)

    # the worker's end

    def ask(self, request: object) -> Any:
        """As `Channel.ask`; from its death on, the worker asks nothing more."""
        with self._lock:
            fate = None if self._dead else self._place.fate(self._worker)
            if fate == "before":
                self.die()
            if self._dead:
                raise RunGone
            self._requests.put(request)
            answer = self._answers.get()
            if fate == "after":
                self.die()
            if self._dead or answer is RunGone:
                raise RunGone
        return accept(answer)

    def leave(self, farewell: Farewell) -> None:
        """As `Channel.leave`."""
        if not self._dead:
            self._requests.put(farewell)

    def die(self) -> None:
        """Without a word."""
        if not self._dead:
            self._dead = True
            self._requests.put(Lost(f"worker {self._worker} was killed"))
