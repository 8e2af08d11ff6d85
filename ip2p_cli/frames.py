"""Photos of several frames or pages are edited as several rows of one item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from ip2p_cli.chain import Edited
from ip2p_cli.checks import highest
from ip2p_cli.prepare import Ready
from ip2p_cli.types import Outcome


class Runner(Protocol):
    """What edits a batch: one result a job, in their order."""

    def run(self, batch: Sequence[Ready]) -> list[Edited | Outcome]:
        """Edit them."""


class FrameRunner:
    """Hands each frame to another runner as a job of its own, no more than a batch at once, and joins what comes back.

    All frames start from the same noise, which keeps an animation from flickering.
    """

    def __init__(self, runner: Runner, batch_size: int) -> None:
        self._runner = runner
        self._batch_size = batch_size

    def run(self, batch: Sequence[Ready]) -> list[Edited | Outcome]:
        """What became of each job, in their order."""
        if not any(ready.further for ready in batch):
            return self._runner.run(batch)
        rows = [row for ready in batch for row in (ready, *ready.further)]
        ends: list[Edited | Outcome] = []
        for start in range(0, len(rows), self._batch_size):
            ends += self._runner.run(rows[start : start + self._batch_size])
        remaining = iter(ends)
        return [_joined(ready, [next(remaining) for _ in range(1 + len(ready.further))]) for ready in batch]


def _joined(ready: Ready, ends: list[Edited | Outcome]) -> Edited | Outcome:
    """One result for all frames of a job; where one frame failed or was blocked, so is the whole."""
    first = ends[0]
    if len(ends) == 1:
        return first
    seconds = sum(end.seconds for end in ends)
    for number, end in enumerate(ends, 1):
        if isinstance(end, Outcome):
            return replace(end, job=ready.job, seconds=seconds, reason=f"frame {number}: {end.reason}")
    edited = [end for end in ends if isinstance(end, Edited)]
    change = {name: sum(end.change.get(name, 0.0) for end in edited) / len(edited) for name in edited[0].change}
    flags = tuple(dict.fromkeys(flag for end in edited for flag in end.flags))
    return replace(
        edited[0],
        ready=ready,
        change=change,
        flags=flags,
        scores=highest(end.scores for end in edited),
        seconds=seconds,
        further=tuple(end.image for end in edited[1:]),
    )
