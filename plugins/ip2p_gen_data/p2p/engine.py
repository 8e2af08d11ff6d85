"""From samples of caption pairs to image pairs: one batch, many captions, many thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ip2p_cli.api import EnvironmentStop, SamplerFactory, UsageError, sampler_named

from ..prompts import CaptionPair
from .alignment import Alignment, align, new_tokens, occurrences
from .config import P2PConfig, Sample
from .cross_attention import CrossAttentionControl, Maps
from .denoise import Batch, denoise
from .model import TextToImage
from .sharing import SelfAttentionSharing


@dataclass(frozen=True)
class ImagePair:
    """The two pictures of one sample."""

    original: Image.Image
    edited: Image.Image


class P2PEngine:
    """Draws image pairs with one checkpoint and one set of settings."""

    def __init__(self, model: TextToImage, config: P2PConfig, samplers: Mapping[str, SamplerFactory]) -> None:
        self._model, self._config = model, config
        self._make_scheduler = samplers[sampler_named(config.sampler, samplers)]
        self.size = config.size or model.native_size
        multiple = model.factor * 2 ** (len(model.unet.config.block_out_channels) - 1)
        if self.size % multiple:
            raise UsageError(f"--size {self.size} does not suit this checkpoint; use a multiple of {multiple}")

    def __call__(self, work: Sequence[tuple[CaptionPair, Sample]]) -> list[ImagePair | None]:
        """One image pair for each item, in order; None where the network gave NaN or infinity."""
        try:
            pixels = self._model.decode(self.latents(work))  # (2n, 3, H, W)
        except torch.OutOfMemoryError:
            raise EnvironmentStop(
                f"{self._model.device} has no memory for {len(work)} pairs at once; go on with a smaller --batch-size"
            ) from None
        pairs = zip(pixels[0::2], pixels[1::2], strict=True)
        return [_as_pair(original, edited) for original, edited in pairs]

    def latents(self, work: Sequence[tuple[CaptionPair, Sample]]) -> Tensor:
        """(2n, c, h, w): source, edited, source, edited …"""
        model, side = self._model, self.size // self._model.factor
        batch = Batch(
            text=model.captions([text for pair, _ in work for text in (pair.original, pair.edited)]),
            empty=model.empty(2 * len(work)),
            seeds=[sample.seed for _, sample in work],
            p2p_thresholds=[sample.p2p_threshold for _, sample in work],
            cfg_scales=[sample.cfg_scale for _, sample in work],
            size=(side, side),
            factor=model.factor,
        )
        scheduler = self._make_scheduler(model.scheduler_config)
        with SelfAttentionSharing(model.unet) as sharing:
            control = self._control([pair for pair, _ in work])
            with control or nullcontext():
                threshold = self._config.cross.threshold
                return denoise(model.unet, scheduler, batch, self._config.steps, sharing, control, threshold)

    def _control(self, pairs: Sequence[CaptionPair]) -> CrossAttentionControl | None:
        cross = self._config.cross
        if cross.mode == "none" and cross.new_words == 1.0 and not any(pair.weights for pair in pairs):
            return None
        alignments = [self._align(pair) for pair in pairs]
        like = torch.empty(0, device=self._model.device, dtype=self._model.dtype)
        return CrossAttentionControl(self._model.unet, Maps.of(alignments, like))

    def _align(self, pair: CaptionPair) -> Alignment:
        """The pair's alignment, with the weights of new words and of words that the caption pair weighs itself."""
        model, cross, end = self._model, self._config.cross, self._model.tokenizer.eos_token_id
        source, edited = model.token_ids(pair.original), model.token_ids(pair.edited)
        alignment = align(source, edited, end, cross.mode)
        alignment.weight[new_tokens(source, edited, end)] = cross.new_words
        for word, weight in pair.weights.items():
            ids = model.tokenizer(word, add_special_tokens=False)["input_ids"]
            alignment.weight[list(occurrences([ids], edited))] = weight
        return alignment


def _as_pair(original: Tensor, edited: Tensor) -> ImagePair | None:
    if not (original.isfinite().all() and edited.isfinite().all()):
        return None
    return ImagePair(_as_image(original), _as_image(edited))


def _as_image(pixels: Tensor) -> Image.Image:
    """(3, H, W) in [-1, 1] -> RGB picture."""
    values = (pixels.clamp(-1, 1) + 1) * 127.5
    return Image.fromarray(values.round().to(torch.uint8).permute(1, 2, 0).cpu().numpy().astype(np.uint8))
