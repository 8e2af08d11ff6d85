"""Workers that are processes of this machine."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection
from typing import Any

from ip2p_cli.errors import EnvironmentStop
from ip2p_cli.signals import of_this_process
from ip2p_cli.time_limit import any_left_behind
from ip2p_cli.workers.channel import Channel, Farewell, Link, Lost, Post, RunGone, accept, serve

THREADS = "OMP_NUM_THREADS"
_OF_GROUPS = (signal.SIGINT, signal.SIGTERM)
_PATIENCE = 10.0  # seconds for a killed process to be dead, and for one that has taken its leave to end


class Processes:
    """One process for each device of a list. A process starts anew, without what this one has in memory."""

    def __init__(self, devices: Sequence[str | None]) -> None:
        self._devices = devices

    @contextmanager
    def hired(self, main: Callable[[Any, Post, Channel], None], work: object) -> Iterator[list[Link]]:
        """One worker a device."""
        threads = max(1, _cores() // len(self._devices))
        links: list[Link] = []
        try:
            for number, device in enumerate(self._devices):
                links.append(_Link(main, work, Post(number, device), threads))
            yield links
        finally:
            for link in links:
                link.end()


class _Link:
    """One process and the pipe to it."""

    def __init__(self, main: Callable[[Any, Post, Channel], None], work: object, post: Post, threads: int) -> None:
        """Start it.

        Raises:
            EnvironmentStop: the system has no room for it.
        """
        context = get_context("spawn")
        self.device = post.device
        self._name = f"worker {post.number}" + (f" on {post.device}" if post.device else "")
        try:
            self._pipe, theirs = context.Pipe()
            arguments = (main, work, post, threads, theirs)
            # No daemon: those must not have processes of their own, and a check may want one.
            self._process = context.Process(target=_be_worker, args=arguments, daemon=False, name=self._name)
            with _deaf_to_signals():
                self._process.start()
        except OSError as problem:
            raise EnvironmentStop(
                f"{self._name} cannot be started ({problem.strerror or problem}); give fewer --workers"
            ) from problem
        theirs.close()
        self._took_leave = False

    def exchange(self, *answer: object) -> object:
        """As `Link.exchange`."""
        try:
            for one in answer:
                self._pipe.send(one)
            request = self._pipe.recv()
        except (EOFError, OSError):
            self._process.join(_PATIENCE)
            raise Lost(f"{self._name} {_death(self._process.exitcode)}") from None
        self._took_leave = isinstance(request, Farewell)
        return request

    def end(self) -> None:
        """As `Link.end`. One that has said farewell ends by itself."""
        if self._took_leave:
            self._process.join(_PATIENCE)
        self._process.kill()
        self._process.join(_PATIENCE)


class _Pipe:
    """A worker's end of the pipe."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def ask(self, request: object) -> Any:
        """As `Channel.ask`."""
        try:
            with self._lock:
                self._connection.send(request)
                answer = self._connection.recv()
        except (EOFError, OSError):
            raise RunGone from None
        return accept(answer)

    def leave(self, farewell: Farewell) -> None:
        """As `Channel.leave`."""
        with suppress(OSError), self._lock:
            self._connection.send(farewell)


def _be_worker(
    main: Callable[[Any, Post, Channel], None], work: object, post: Post, threads: int, connection: Connection
) -> None:
    # Sent to a whole group; the run tells its workers to end. Not SIG_IGN for SIGTERM: programs that a worker starts
    # would inherit it, and who waits for one that it has told to end would wait for ever.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, of_this_process(lambda number, frame: None))
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _OF_GROUPS)
    os.dup2(2, 1)  # stdout is the run's
    os.environ.setdefault(THREADS, str(threads))  # else each would take all cores
    serve(main, work, post, _Pipe(connection))
    if any_left_behind():
        with suppress(OSError):
            sys.stderr.flush()
        os._exit(0)


@contextmanager
def _deaf_to_signals() -> Iterator[None]:
    """A process that is started here is deaf to signals of the whole group until it can ignore them."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # which starting a process would do, and lift the mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _OF_GROUPS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _death(code: int | None) -> str:
    if code is not None and code < 0:
        return f"was killed ({signal.Signals(-code).name})"
    return f"died (exit code {code})"
