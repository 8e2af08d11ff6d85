"""Runs the chains of a batch of jobs, once: the first step of all, then the second of all that have one, and so on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ip2p_cli.errors import ItemError
from ip2p_cli.isolation import IsolatedEditor
from ip2p_cli.masks import keep_outside
from ip2p_cli.prepare import Ready
from ip2p_cli.types import EditJob, EditRequest, EditResult, StepSettings

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class Made:
    """What the steps of a job have made so far, or why there is no more of it."""

    ready: Ready
    image: Image
    settings: tuple[StepSettings, ...] = ()  # of each step so far, the checkpoint's defaults filled in
    change: Mapping[str, float] = field(default_factory=dict)
    failure: str | None = None
    own_mask: Image | None = None  # where the steps' own masks have let it change; None: nowhere yet, or anywhere
    anywhere: bool = False  # a step has run without a mask of its own

    @property
    def mask(self) -> Image | None:
        """Where it may differ from the photo: the steps' own masks, within the one that was given. None: anywhere."""
        from PIL import ImageChops

        given, own = self.ready.mask, self.own_mask
        if given is None or own is None:
            return given or own
        return ImageChops.darker(given.resize(own.size), own)


def run_chains(
    editor: IsolatedEditor, batch: Sequence[Ready], *, full_resolution: bool, latent_chain: bool = False
) -> list[Made]:
    """What the steps make of each job's photo, in the jobs' order. One that fails leaves the others unharmed.

    With `latent_chain` the editor gets the steps of a job all at once, and hands on latents between them.

    Raises:
        EnvironmentStop: the device is lost.
        UsageError, ModelError: settings that the editor refuses.
    """
    made = [Made(ready, ready.photo.rgb) for ready in batch]
    strides = [_strides(ready.job, latent_chain) for ready in batch]
    for number in range(max(map(len, strides))):
        places = [i for i, one in enumerate(made) if one.failure is None and number < len(strides[i])]
        chains = [[_request(made[place], step) for step in strides[place][number]] for place in places]
        for place, result in zip(places, editor.edit(chains) if chains else [], strict=True):
            made[place] = _after(made[place], result, full_resolution)
    return made


def _strides(job: EditJob, latent_chain: bool) -> list[range]:
    """The steps that are made at once: with `latent_chain` all, unless one asks for a mask, which needs a picture."""
    count = len(job.steps)
    if latent_chain and not any(step.settings.auto_mask for step in job.steps):
        return [range(count)]
    return [range(step, step + 1) for step in range(count)]


def _request(made: Made, step: int) -> EditRequest:
    job = made.ready.job
    settings = job.steps[step].settings
    return EditRequest(
        image=made.image,
        instruction=job.steps[step].instruction,
        steps=settings.steps,
        text_guidance=settings.text_guidance,
        image_guidance=settings.image_guidance,
        sampler=settings.sampler,
        auto_mask=bool(settings.auto_mask),
        seed=job.seed,
        source_digest=made.ready.digest,
        step_index=step,
        variant=job.variant,
    )


def _after(made: Made, result: EditResult | ItemError, full_resolution: bool) -> Made:
    if isinstance(result, ItemError):
        return replace(made, failure=str(result))
    image, original, given = result.image, made.ready.photo.rgb, made.ready.mask
    if full_resolution and image.size != original.size:
        return replace(made, failure=f"the editor gave {image.size} for a photo of {original.size}: a bug")
    if given is not None:
        image = keep_outside(image, original, given)
    anywhere = made.anywhere or result.mask is None
    return replace(
        made,
        image=image,
        settings=(*made.settings, *result.chain),
        change={name: max(value, made.change.get(name, 0.0)) for name, value in result.change.items()},
        own_mask=None if anywhere else _lighter(made.own_mask, result.mask),
        anywhere=anywhere,
    )


def _lighter(one: Image | None, other: Image | None) -> Image | None:
    """Where either of two steps may change the photo."""
    from PIL import ImageChops

    return ImageChops.lighter(one, other) if one is not None and other is not None else one or other
