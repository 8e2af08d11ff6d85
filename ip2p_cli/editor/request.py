"""From what was asked to what will be run: defaults filled in, size chosen, noise drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from PIL import Image
from torch import Tensor

from ip2p_cli.checkpoint import Checkpoint
from ip2p_cli.editor.guidance import Guidance
from ip2p_cli.editor.noise import initial_noise, item_generator, pixels_digest
from ip2p_cli.editor.sizes import Fit, fit, place
from ip2p_cli.errors import UsageError
from ip2p_cli.hookspecs import SamplerFactory
from ip2p_cli.sampler_names import sampler_named
from ip2p_cli.types import EditRequest, StepSettings

MAX_STEPS = 1000  # the networks know no more timesteps


@dataclass(frozen=True)
class Item:
    """One request, settled. Nothing in it depends on what else is edited with it."""

    request: EditRequest
    image: Image.Image  # RGB
    fit: Fit
    steps: int
    guidance: Guidance
    sampler: str

    @property
    def bucket(self) -> tuple[int, int, str, int]:
        """Items of one bucket can share a batch."""
        return self.fit.width, self.fit.height, self.sampler, self.steps

    @property
    def settings(self) -> StepSettings:
        """What it is edited with, as a recipe says it."""
        return StepSettings(self.steps, self.guidance.text, self.guidance.image, self.sampler)


Chain = tuple[Item, ...]  # edits of one photo, one after the other; mostly a single one


def settle(request: EditRequest, checkpoint: Checkpoint, samplers: Mapping[str, SamplerFactory], native: int) -> Item:
    """Fill in the checkpoint's defaults and choose the size. Raises UsageError for settings that cannot be run."""
    defaults = checkpoint.defaults
    sampler = sampler_named(defaults.sampler if request.sampler is None else request.sampler, samplers)
    steps = defaults.steps if request.steps is None else request.steps
    if not 1 <= steps <= MAX_STEPS:
        raise UsageError(f"steps {steps} is not between 1 and {MAX_STEPS}: 10 to 50 are usual")
    text, image = request.text_guidance, request.image_guidance
    guidance = Guidance(
        text=defaults.text_guidance if text is None else text,
        image=defaults.image_guidance if image is None else image,
    )
    rgb = request.image if request.image.mode == "RGB" else request.image.convert("RGB")
    return Item(request, rgb, _choose_fit(request, checkpoint, native), steps, guidance, sampler)


def _choose_fit(request: EditRequest, checkpoint: Checkpoint, native: int) -> Fit:
    width, height = request.image.size
    if request.noise is None:
        return fit(width, height, native, checkpoint.factor * checkpoint.latent_multiple)
    channels, rows, columns = request.noise.shape
    multiple = checkpoint.latent_multiple
    if channels != checkpoint.latent_channels or rows % multiple or columns % multiple:
        raise UsageError(
            f"noise of shape {tuple(request.noise.shape)} does not fit the model: it must be"
            f" ({checkpoint.latent_channels}, h, w) with h and w multiples of {multiple}"
        )
    return place(width, height, columns * checkpoint.factor, rows * checkpoint.factor)


def draw_noise(item: Item, checkpoint: Checkpoint) -> tuple[Tensor, torch.Generator]:
    """The item's starting noise (c, h, w), and its generator for a sampler that needs more."""
    generator = _generator(item)
    noise = initial_noise(generator, *_latent_shape(item, checkpoint))
    request = item.request
    return (noise if request.noise is None else request.noise.float().cpu()), generator


def draw_for_relevance(item: Item, checkpoint: Checkpoint, count: int) -> Tensor:
    """The noises that the item's relevance map is made with, none of which it is edited with.  # (count, c, h, w)"""
    generator = _generator(item, b"relevance")
    return torch.stack([initial_noise(generator, *_latent_shape(item, checkpoint)) for _ in range(count)])


def _generator(item: Item, purpose: bytes = b"") -> torch.Generator:
    request = item.request
    digest = request.source_digest if request.source_digest is not None else pixels_digest(item.image)
    return item_generator(request.seed, digest + purpose, request.step_index, request.variant)


def _latent_shape(item: Item, checkpoint: Checkpoint) -> tuple[int, int, int]:
    return checkpoint.latent_channels, item.fit.height // checkpoint.factor, item.fit.width // checkpoint.factor
