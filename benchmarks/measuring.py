"""Clocks, and paired runs in random order: what makes a ratio hold on a machine that is fast now and slow later."""

from __future__ import annotations

import random
import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

Clock = Callable[[], float]
T = TypeVar("T")


@dataclass(frozen=True)
class Spread:
    """What several rounds gave: their median, and the quartiles below and above it."""

    median: float
    low: float
    high: float
    of: int

    @classmethod
    def over(cls, values: Sequence[float]) -> Spread:
        """The spread of one value or more.

        Raises:
            ValueError: there are none.
        """
        if not values:
            raise ValueError("a median needs at least one value")
        if len(values) == 1:
            return cls(values[0], values[0], values[0], 1)
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, low, high, len(values))


def paired(sides: Mapping[str, Callable[[], T]], rounds: int, order: random.Random | None = None) -> dict[str, list[T]]:
    """Run every side once a round, in random order; of each side, what it gave in each round."""
    order = order or random.Random()
    found: dict[str, list[T]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name in order.sample(sorted(sides), len(sides)):
            found[name].append(sides[name]())
    return found


def ratios(over: Sequence[float], under: Sequence[float]) -> list[float]:
    """The ratio of each round: a round in which the machine was slow slowed both."""
    return [one / other for one, other in zip(over, under, strict=True)]


def timed(work: Callable[[], object], clock: Clock) -> Callable[[], float]:
    """The same work, giving the seconds that it took."""

    def run() -> float:
        started = clock()
        work()
        return clock() - started

    return run


def clock_of(kind: str, device: str) -> Clock:
    """`wall`: what a person waits, also for a device. `processor`: what this process and those it ended have used.

    The latter leaves other people's work on the machine out of account, but not what is done side by side.
    """
    if kind == "processor":
        return processor
    if device.startswith("cuda"):
        return _cuda_wall
    return time.perf_counter


def processor() -> float:
    """Processor seconds of this process and of its children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _cuda_wall() -> float:
    import torch

    torch.cuda.synchronize()
    return time.perf_counter()


def peak_bytes() -> int:
    """The most memory that this process has held so far."""
    status = Path("/proc/self/status")
    if status.is_file():  # ru_maxrss also counts what the process was forked from
        [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
