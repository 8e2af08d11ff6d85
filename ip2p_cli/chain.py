"""Runs the chains of a batch of photos through the editor; one that fails leaves the others unharmed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ip2p_cli.change_band import DEFAULT_TRIES
from ip2p_cli.checks import Checks, highest
from ip2p_cli.errors import ItemError
from ip2p_cli.guarded import BatchEditor, GuardedEditor
from ip2p_cli.masks import keep_outside
from ip2p_cli.prepare import Ready
from ip2p_cli.recipe import merged
from ip2p_cli.types import EditJob, EditRequest, EditResult, Outcome, Severity, StepSettings, Try, Verdict

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class Edited:
    """A job whose picture is made and may be written."""

    ready: Ready
    image: Image
    change: Mapping[str, float]
    flags: tuple[str, ...]
    seconds: float
    review: StepSettings = StepSettings()  # settings that a review asked for, over those of each step
    tries: tuple[Try, ...] = ()  # where it was edited more than once
    scores: Mapping[str, float] = field(default_factory=dict)  # of all checks
    mask: Image | None = None  # where it may differ from the photo; None: anywhere
    further: tuple[Image, ...] = ()  # the other frames or pages


@dataclass(frozen=True)
class _Kept:
    """The nearest of a job's tries so far, none of which is as wanted. Tries of unknown `miss`: the last."""

    edited: Edited
    miss: float
    reason: str

    def written(self, tries: tuple[Try, ...], seconds: float, end: str = "") -> Edited:
        """The same, flagged, when there are no more tries; `end` says why, where it is not their number."""
        said = f"still not as wanted after {len(tries)} tries{end}: {self.reason}"
        return replace(self.edited, flags=(*self.edited.flags, said), tries=_shown(tries), seconds=seconds)


@dataclass(frozen=True)
class _Attempt:
    """One try at one job. `failure` ends it."""

    ready: Ready
    image: Image
    settings: StepSettings = StepSettings()  # a review's, over those of each step
    used: StepSettings = StepSettings()  # by the last step so far
    tries: tuple[Try, ...] = ()  # before this one
    change: Mapping[str, float] = field(default_factory=dict)
    mask: Image | None = None  # where its steps have changed it; None: nowhere yet, or anywhere
    anywhere: bool = False  # a step has run without a mask of its own
    failure: str | None = None
    kept: _Kept | None = None  # of the tries before this one


class ChainRunner:
    """Edits batches of prepared jobs, in several threads at once.

    The editor is loaded for the first of them: where all is done, never.
    """

    def __init__(
        self,
        load: Callable[[], BatchEditor],
        checks: Checks,
        model: str,
        *,
        full_resolution: bool = True,
        size: int | None = None,
        latent_chain: bool = False,
    ) -> None:
        """With `latent_chain`, the steps of a chain hand on latents: nothing is decoded between them."""
        self._editor = GuardedEditor(load, full_resolution=full_resolution, size=size)
        self._checks = checks
        self._model = model
        self._full_resolution = full_resolution
        self._latent_chain = latent_chain

    def run(self, batch: Sequence[Ready]) -> list[Edited | Outcome]:
        """What became of each job, in their order. A review may send a job round again, a few times.

        Raises:
            EnvironmentStop: the device is lost.
            UsageError, ModelError: settings that the editor refuses; a model that cannot be loaded.
        """
        self._editor.load()  # what goes wrong in loading is not the photos' failure
        ended: dict[int, Edited | Outcome] = {}
        started = time.monotonic()
        attempts = {place: _Attempt(ready, ready.photo.rgb) for place, ready in enumerate(batch)}
        while attempts:
            edited = self._chains(list(attempts.values()))
            seconds = (time.monotonic() - started) / len(batch)
            again = {}
            for place, attempt in zip(attempts, edited, strict=True):
                end = self._judge(attempt, seconds)
                if isinstance(end, _Attempt):
                    again[place] = end
                else:
                    ended[place] = end
            attempts = again
        return [ended[place] for place in range(len(batch))]

    def _judge(self, attempt: _Attempt, seconds: float) -> Edited | Outcome | _Attempt:
        ready, job = attempt.ready, attempt.ready.job
        seconds += ready.seconds
        if attempt.failure is not None:
            if attempt.kept is not None:  # a later try that fails takes no picture away
                return attempt.kept.written(attempt.tries, seconds, f" (another failed: {attempt.failure})")
            return Outcome(job, "failed", self._model, seconds, attempt.failure, scores=ready.scores)
        verdict = self._checks.review(job, ready.photo.rgb, attempt.image, attempt.change, attempt.used, attempt.tries)
        tries = (*attempt.tries, Try(attempt.used, verdict.scores))
        if verdict.severity is Severity.BLOCK:
            scores = highest([ready.scores, verdict.scores])
            return Outcome(job, "blocked", self._model, seconds, verdict.reason, attempt.change, scores=scores)
        edited = _edited(attempt, verdict, tries, seconds)
        if verdict.severity is Severity.RETRY:
            kept = _nearest(attempt.kept, edited, verdict)
            if len(tries) >= _tries_of(job):
                return kept.written(tries, seconds)
            settings = merged(verdict.settings or StepSettings(), attempt.settings)
            return _Attempt(ready, ready.photo.rgb, settings, tries=tries, kept=kept)
        if attempt.kept is not None and verdict.miss is not None and attempt.kept.miss < verdict.miss:
            return attempt.kept.written(tries, seconds)
        if verdict.severity is Severity.FLAG:
            return replace(edited, flags=(*edited.flags, verdict.reason))
        return edited

    def _chains(self, attempts: list[_Attempt]) -> list[_Attempt]:
        strides = [self._strides(attempt.ready.job) for attempt in attempts]
        for number in range(max(map(len, strides))):
            places = [i for i, a in enumerate(attempts) if a.failure is None and number < len(strides[i])]
            chains = [[_request(attempts[i], step) for step in strides[i][number]] for i in places]
            for i, result in zip(places, self._editor.edit(chains) if chains else [], strict=True):
                attempts[i] = self._after(attempts[i], result)
        return attempts

    def _strides(self, job: EditJob) -> list[range]:
        """The steps that a job takes at once: all of them where latents are handed on and no step asks for a mask."""
        count = len(job.steps)
        if self._latent_chain and not any(step.settings.auto_mask for step in job.steps):
            return [range(count)]
        return [range(step, step + 1) for step in range(count)]

    def _after(self, attempt: _Attempt, result: EditResult | ItemError) -> _Attempt:
        if isinstance(result, ItemError):
            return replace(attempt, failure=str(result))
        image, original = result.image, attempt.ready.photo.rgb
        if self._full_resolution and image.size != original.size:
            return replace(attempt, failure=f"the editor gave {image.size} for a photo of {original.size}: a bug")
        anywhere, given = attempt.anywhere or result.mask is None, attempt.ready.mask
        mask = None if anywhere else _lighter(attempt.mask, result.mask)
        if given is not None:
            image = keep_outside(image, original, given)
        change = {name: max(value, attempt.change.get(name, 0.0)) for name, value in result.change.items()}
        used = StepSettings(result.steps, result.text_guidance, result.image_guidance, result.sampler)
        return replace(attempt, image=image, change=change, used=used, mask=mask, anywhere=anywhere)


def _edited(attempt: _Attempt, verdict: Verdict, tries: tuple[Try, ...], seconds: float) -> Edited:
    """What an attempt has made, without what a review says of it."""
    return Edited(
        attempt.ready,
        attempt.image,
        attempt.change,
        attempt.ready.flags,
        seconds,
        attempt.settings,
        _shown(tries),
        highest([attempt.ready.scores, verdict.scores]),
        _final_mask(attempt),
    )


def _nearest(kept: _Kept | None, edited: Edited, verdict: Verdict) -> _Kept:
    """Of the tries before and this one; the later of two as good."""
    miss = math.inf if verdict.miss is None else verdict.miss
    return kept if kept is not None and kept.miss < miss else _Kept(edited, miss, verdict.reason)


def _shown(tries: tuple[Try, ...]) -> tuple[Try, ...]:
    """What is told of the tries: a single one is the edit itself."""
    return tries if len(tries) > 1 else ()


def _tries_of(job: EditJob) -> int:
    return DEFAULT_TRIES if job.change is None else job.change.tries


def _request(attempt: _Attempt, step: int) -> EditRequest:
    job = attempt.ready.job
    settings = merged(attempt.settings, job.steps[step].settings)
    return EditRequest(
        image=attempt.image,
        instruction=job.steps[step].instruction,
        steps=settings.steps,
        text_guidance=settings.text_guidance,
        image_guidance=settings.image_guidance,
        sampler=settings.sampler,
        auto_mask=bool(settings.auto_mask),
        seed=job.seed,
        source_digest=attempt.ready.digest,
        step_index=step,
        variant=job.variant,
    )


def _lighter(one: Image | None, other: Image | None) -> Image | None:
    """Where either of two steps may change the photo."""
    from PIL import ImageChops

    return ImageChops.lighter(one, other) if one is not None and other is not None else one or other


def _final_mask(attempt: _Attempt) -> Image | None:
    """The masks of the steps within the mask that was given."""
    from PIL import ImageChops

    given, own = attempt.ready.mask, attempt.mask
    if given is None or own is None:
        return given or own
    return ImageChops.darker(given.resize(own.size), own)
