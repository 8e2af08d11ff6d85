"""Edits batches of jobs: each once, and again with other settings where a review asks for it, a few times."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ip2p_cli.chain import Made, run_chains
from ip2p_cli.change_band import DEFAULT_TRIES
from ip2p_cli.checks import Checks, highest
from ip2p_cli.isolation import BatchEditor, IsolatedEditor
from ip2p_cli.prepare import Ready
from ip2p_cli.recipe import merged
from ip2p_cli.types import EditJob, Outcome, Severity, StepSettings, Try, Verdict

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class Edited:
    """A job whose picture is made and may be written."""

    ready: Ready  # its job has the settings of the try that made it
    image: Image
    change: Mapping[str, float]
    flags: tuple[str, ...]
    seconds: float
    settings: tuple[StepSettings, ...] = ()  # of each step, as it was run
    tries: tuple[Try, ...] = ()  # where it was edited more than once, or was to go so far
    scores: Mapping[str, float] = field(default_factory=dict)  # of all checks
    mask: Image | None = None  # where it may differ from the photo; None: anywhere
    further: tuple[Image, ...] = ()  # the other frames or pages

    def outcome(self, model: str) -> Outcome:
        """How the job ends where nothing goes wrong in writing."""
        status, reason = ("flagged", "; ".join(self.flags)) if self.flags else ("done", None)
        told = (self.change, self.tries, self.scores, self.settings)
        return Outcome(self.ready.job, status, model, self.seconds, reason, *told)


@dataclass(frozen=True)
class _Kept:
    """The nearest of a job's tries so far, none of which is as wanted. Tries of unknown `miss`: the last."""

    edited: Edited
    miss: float
    reason: str

    def written(self, tries: tuple[Try, ...], seconds: float, end: str = "") -> Edited:
        """The same, flagged, when there are no more tries; `end` says why, where it is not their number."""
        number = f"{len(tries)} {'try' if len(tries) == 1 else 'tries'}"
        said = f"still not as wanted after {number}{end}: {self.reason}"
        return replace(self.edited, flags=(*self.edited.flags, said), tries=tries, seconds=seconds)


@dataclass(frozen=True)
class _Attempt:
    """A job that is to be edited, and what came of it before."""

    ready: Ready  # its job has the settings to try
    tries: tuple[Try, ...] = ()
    kept: _Kept | None = None


class TryRunner:
    """Edits batches of prepared jobs. The editor is loaded for the first of them: where all is done, never."""

    def __init__(
        self,
        load: Callable[[], BatchEditor],
        checks: Checks,
        model: str,
        *,
        full_resolution: bool = True,
        size: int | None = None,
        latent_chain: bool = False,
        stop_requested: Callable[[], bool] = lambda: False,
    ) -> None:
        """With `latent_chain` the steps of a chain hand on latents: nothing is decoded between them."""
        self._editor = IsolatedEditor(load, full_resolution=full_resolution, size=size)
        self._full_resolution = full_resolution
        self._latent_chain = latent_chain
        self._checks = checks
        self._model = model
        self._stop_requested = stop_requested

    def run(self, batch: Sequence[Ready]) -> list[Edited | Outcome | None]:
        """What became of each job, in their order. None: the run was asked to stop before its tries were over.

        Raises:
            EnvironmentStop: the device is lost.
            UsageError, ModelError: settings that the editor refuses; a model that cannot be loaded.
        """
        self._editor.prepare()
        started = time.monotonic()
        ended: dict[int, Edited | Outcome] = {}
        attempts = {place: _Attempt(ready) for place, ready in enumerate(batch)}
        while attempts:
            ready = [attempt.ready for attempt in attempts.values()]
            made = run_chains(
                self._editor, ready, full_resolution=self._full_resolution, latent_chain=self._latent_chain
            )
            seconds = (time.monotonic() - started) / len(batch)
            again = {}
            for (place, attempt), one in zip(attempts.items(), made, strict=True):
                end = self._judge(attempt, one, seconds + attempt.ready.seconds)
                if isinstance(end, _Attempt):
                    again[place] = end
                else:
                    ended[place] = end
            attempts = {} if self._stop_requested() else again
        return [ended.get(place) for place in range(len(batch))]

    def _judge(self, attempt: _Attempt, made: Made, seconds: float) -> Edited | Outcome | _Attempt:
        ready, kept = attempt.ready, attempt.kept
        job = ready.job
        if made.failure is not None:
            if kept is not None:  # a later try that fails takes no picture away
                return kept.written(attempt.tries, seconds, f" (another failed: {made.failure})")
            return Outcome(job, "failed", self._model, seconds, made.failure, scores=ready.scores)
        verdict = self._checks.review(job, ready.photo.rgb, made.image, made.change, made.settings, attempt.tries)
        tries = (*attempt.tries, Try(made.settings, verdict.scores))
        if verdict.severity is Severity.BLOCK:
            scores = highest([ready.scores, verdict.scores])
            return Outcome(
                job, "blocked", self._model, seconds, verdict.reason, made.change, _shown(job, tries), scores
            )
        edited = _edited(made, verdict, tries, seconds)
        if verdict.severity is Severity.RETRY:
            kept = _nearest(kept, edited, verdict)
            if len(tries) >= _most_tries(ready):
                return kept.written(tries, seconds)
            return _Attempt(replace(ready, job=_with_settings(job, verdict.settings)), tries, kept)
        if kept is not None and verdict.miss is not None and kept.miss < verdict.miss:
            return kept.written(tries, seconds)
        if verdict.severity is Severity.FLAG:
            return replace(edited, flags=(*edited.flags, verdict.reason))
        return edited


def _edited(made: Made, verdict: Verdict, tries: tuple[Try, ...], seconds: float) -> Edited:
    """What a try has made, without what a review says of it."""
    ready = made.ready
    return Edited(
        ready,
        made.image,
        made.change,
        ready.flags,
        seconds,
        made.settings,
        _shown(ready.job, tries),
        highest([ready.scores, verdict.scores]),
        made.mask,
    )


def _nearest(kept: _Kept | None, edited: Edited, verdict: Verdict) -> _Kept:
    """Of the tries before and this one; the later of two as good."""
    miss = math.inf if verdict.miss is None else verdict.miss
    return kept if kept is not None and kept.miss < miss else _Kept(edited, miss, verdict.reason)


def _shown(job: EditJob, tries: tuple[Try, ...]) -> tuple[Try, ...]:
    """What is told of the tries: without a band, a single one is the edit itself."""
    return tries if job.change is not None or len(tries) > 1 else ()


def _most_tries(ready: Ready) -> int:
    if ready.follows:
        return 1
    return DEFAULT_TRIES if ready.job.change is None else ready.job.change.tries


def _with_settings(job: EditJob, settings: StepSettings | tuple[StepSettings, ...] | None) -> EditJob:
    """The job with a retry's settings, each step's over its own: of the last step, unless there is one for each."""
    if not isinstance(settings, tuple):
        settings = (*(StepSettings() for _ in job.steps[1:]), settings or StepSettings())
    steps = zip(job.steps, settings, strict=True)
    return replace(job, steps=tuple(replace(step, settings=merged(own, step.settings)) for step, own in steps))
