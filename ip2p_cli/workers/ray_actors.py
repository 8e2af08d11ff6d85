"""Workers that are actors on a Ray cluster. No pixels pass through Ray, only paths and what is said of them."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from ip2p_cli.config import exported_settings
from ip2p_cli.errors import EnvironmentStop, MissingExtra, UsageError
from ip2p_cli.workers.channel import Channel, Farewell, Link, Lost, Post, accept, serve

CPU, CUDA = "cpu", "cuda"
REACH_SECONDS = 10.0


@dataclass(frozen=True)
class RayCluster:
    """Actors on a cluster, one for each GPU, or each node where there is none."""

    device: str | None
    workers: int | None
    address: str | None

    @classmethod
    def checked(cls, device: str | None, workers: int | None, address: str | None) -> RayCluster:
        """Raises MissingExtra without Ray, UsageError for a device that Ray itself has to choose."""
        try:
            import ray  # noqa: F401
        except ImportError:
            raise MissingExtra("working on a Ray cluster", "ray") from None
        if device not in (None, CPU, CUDA):
            raise UsageError(f"--device {device}: Ray chooses the devices itself; give cpu or cuda, or nothing")
        return cls(device, workers, address)

    @contextmanager
    def hired(self, main: Callable[[Any, Post, Channel], None], work: object) -> Iterator[list[Link]]:
        """As many actors as were asked for; one for which there is no room yet waits for it."""
        import ray

        with _connected(self.address):
            share = _share(self, [node["Resources"] for node in ray.nodes() if node["Alive"]])
            actor: Any = ray.remote(**share.options)(_Actor)
            actors = [
                actor.remote(main, work, Post(number, share.device), exported_settings())
                for number in range(share.workers)
            ]
            try:
                yield [_Link(one, f"worker {number}", share.device) for number, one in enumerate(actors)]
            finally:
                for one in actors:
                    with suppress(Exception):  # its node may be gone
                        ray.kill(one)


@dataclass(frozen=True)
class _Share:
    """How many workers there are, and what each gets of the cluster."""

    workers: int
    device: str
    options: dict[str, Any]


def _share(asked: RayCluster, nodes: list[dict[str, float]]) -> _Share:
    """What each worker gets: a GPU, or as many cores as let all workers run at once.

    Raises:
        UsageError: there are no GPUs, or fewer cores than workers.
    """
    spread = {"scheduling_strategy": "SPREAD", "max_restarts": 0}
    gpus = int(sum(node.get("GPU", 0) for node in nodes))
    if asked.device == CUDA and not gpus:
        raise UsageError("--device cuda: the cluster has no GPU; leave --device out, or give cpu")
    if gpus and asked.device != CPU:
        return _Share(asked.workers or gpus, CUDA, {**spread, "num_cpus": 1, "num_gpus": 1})
    cores = [int(node.get("CPU", 0)) for node in nodes]
    workers = asked.workers or sum(1 for count in cores if count)
    for each in range(max(cores, default=0), 0, -1):
        if sum(count // each for count in cores) >= workers > 0:
            return _Share(workers, CPU, {**spread, "num_cpus": each})
    raise UsageError(f"the cluster has {sum(cores)} CPUs, too few for {workers} workers; give fewer --workers")


@contextmanager
def _connected(address: str | None) -> Iterator[None]:
    """A context in which this process is connected to a cluster. `sys.stdout` leads nowhere in it.

    Ray tells there of nodes that die, whatever it is asked, and up to the end of its shutdown.

    Raises:
        EnvironmentStop: there is none.
    """
    import ray

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a cluster that is started here tells nobody
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        _connect(address)
        try:
            yield
        finally:
            ray.shutdown()


def _connect(address: str | None) -> None:
    import ray

    try:
        _reach(address)
        ray.init(address, log_to_driver=False, logging_level=logging.ERROR, include_dashboard=False)
    except (OSError, RuntimeError, ValueError) as problem:  # what Ray raises: ConnectionError among them
        place = f"at {address}" if address else "here"
        line = (str(problem).splitlines() or [type(problem).__name__])[0]
        raise EnvironmentStop(f"no Ray cluster {place} ({line}); start one: ray start --head") from problem


def _reach(address: str | None) -> None:
    """See that somebody listens at HOST:PORT: Ray itself would try for minutes."""
    host, colon, port = (address or "").rpartition(":")
    if colon and "/" not in host:
        socket.create_connection((host, int(port)), REACH_SECONDS).close()


class _Link:
    """The run's end of one actor."""

    def __init__(self, actor: Any, name: str, device: str | None) -> None:
        self._actor, self._name = actor, name
        self.device = device

    def exchange(self, *answer: object) -> object:
        """As `Link.exchange`."""
        import ray

        try:
            return ray.get(self._actor.exchange.remote(*answer))
        except ray.exceptions.RayError as problem:
            line = (str(problem).splitlines() or [type(problem).__name__])[0]
            raise Lost(f"{self._name} is lost: {line}") from None

    def end(self) -> None:
        """As `Link.end`."""
        import ray

        with suppress(Exception):
            ray.kill(self._actor)


class _Actor:
    """A worker in a thread of its own, and what it asks, fetched by the run one request at a time."""

    def __init__(
        self, main: Callable[[Any, Post, Channel], None], work: object, post: Post, settings: dict[str, str]
    ) -> None:
        os.environ.update(settings)
        self._requests: SimpleQueue[object] = SimpleQueue()
        self._answers: SimpleQueue[object] = SimpleQueue()
        self._lock = threading.Lock()
        threading.Thread(target=serve, args=(main, work, post, self), daemon=True).start()

    def exchange(self, *answer: object) -> object:
        """Take the answer to the last request, and give the next; the run calls it."""
        for one in answer:
            self._answers.put(one)
        return self._requests.get()

    def ask(self, request: object) -> Any:
        """As `Channel.ask`."""
        with self._lock:
            self._requests.put(request)
            answer = self._answers.get()
        return accept(answer)

    def leave(self, farewell: Farewell) -> None:
        """As `Channel.leave`."""
        self._requests.put(farewell)
