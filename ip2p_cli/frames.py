"""Photos of several frames or pages: the first is edited as a photo is, and the others as the first was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from ip2p_cli.checks import highest
from ip2p_cli.prepare import Ready
from ip2p_cli.tries import Edited
from ip2p_cli.types import Outcome


class Runner(Protocol):
    """What edits a batch: one result a job, in their order; None where the run was asked to stop."""

    def run(self, batch: Sequence[Ready]) -> list[Edited | Outcome | None]:
        """Edit them."""


class FrameRunner:
    """Hands first frames to another runner, then the others, each a job of its own, and joins what comes back.

    Two things keep an animation from flickering: all frames start from the same noise, and all have the settings that
    the first was tuned to. Settings stand in a file once, so that the same goes for pages.
    """

    def __init__(self, runner: Runner, batch_size: int) -> None:
        self._runner = runner
        self._batch_size = batch_size

    def run(self, batch: Sequence[Ready]) -> list[Edited | Outcome | None]:
        """What became of each job, in their order."""
        firsts = self._runner.run(batch)
        following = [_following(*pair) for pair in zip(batch, firsts, strict=True)]
        rows = [row for rows in following for row in rows]
        ends: list[Edited | Outcome | None] = []
        for start in range(0, len(rows), self._batch_size):
            ends += self._runner.run(rows[start : start + self._batch_size])
        remaining = iter(ends)
        return [
            _joined(ready, first, [next(remaining) for _ in rows])
            for ready, first, rows in zip(batch, firsts, following, strict=True)
        ]


def _following(ready: Ready, first: Edited | Outcome | None) -> list[Ready]:
    """The other frames, with the settings that the first came to; none where nothing came of it."""
    if not isinstance(first, Edited):
        return []
    job = replace(first.ready.job, change=None)
    return [replace(frame, job=job, follows=True) for frame in ready.further]


def _joined(
    ready: Ready, first: Edited | Outcome | None, others: list[Edited | Outcome | None]
) -> Edited | Outcome | None:
    """One result for all frames of a job; where one frame failed or was blocked, so is the whole."""
    if not ready.further or first is None:
        return first
    edited: list[Edited] = []
    seconds = sum(end.seconds for end in (first, *others) if end is not None)
    for number, end in enumerate((first, *others), 1):
        if isinstance(end, Outcome):
            return replace(end, seconds=seconds, reason=f"frame {number}: {end.reason}")
        if end is None:
            return None
        edited.append(end)
    return replace(
        edited[0],
        ready=replace(ready, job=edited[0].ready.job),
        change={name: sum(end.change.get(name, 0.0) for end in edited) / len(edited) for name in edited[0].change},
        flags=tuple(dict.fromkeys(flag for end in edited for flag in end.flags)),
        scores=highest(end.scores for end in edited),
        seconds=seconds,
        further=tuple(end.image for end in edited[1:]),
    )
