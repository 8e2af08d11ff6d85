"""The sampling loop: pairs of rows that share noise always, and self-attention for a while.

Rows are (source, edited) for each of n pairs: 2n rows of latents, 4n rows of the U-Net (first without captions).
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .config import shares, sources
from .cross_attention import CrossAttentionControl
from .model import Text
from .sharing import SelfAttentionSharing


@dataclass(frozen=True)
class Batch:
    """What n pairs are drawn from."""

    text: Text  # 2n captions: source, edited, source, edited …
    empty: Text  # 2n times no caption
    seeds: Sequence[int]  # n
    p2p_thresholds: Sequence[float]  # n
    cfg_scales: Sequence[float]  # n
    size: tuple[int, int]  # latents: (h, w)
    factor: int = 8  # pixels a latent


def row_generators(seeds: Sequence[int]) -> list[torch.Generator]:
    """Two for each pair, seeded alike: both rows get one noise, in any batch. On the CPU, for every device."""
    return [torch.Generator("cpu").manual_seed(seed) for seed in seeds for _ in range(2)]


@torch.inference_mode()
def denoise(
    unet: Any,
    scheduler: Any,
    batch: Batch,
    steps: int,
    sharing: SelfAttentionSharing | None = None,
    control: CrossAttentionControl | None = None,
    cross_threshold: float | None = None,
) -> Tensor:
    """Draw n pairs; without `sharing` each row on its own. `control` is on below `cross_threshold`; None: for each pair
    as long as it shares self-attention.

    Returns:
        Latents, float32.  # (2n, c, h, w)
    """
    parameter = next(iter(unet.parameters()))
    generators = row_generators(batch.seeds)
    scheduler.set_timesteps(steps, device="cpu")  # it looks timesteps up in tables there, and would wait for a GPU
    timesteps = scheduler.timesteps.to(parameter.device)
    noise = [torch.randn((unet.config.in_channels, *batch.size), generator=one) for one in generators]
    latents = torch.stack(noise).to(parameter.device) * scheduler.init_noise_sigma
    scale = torch.tensor(batch.cfg_scales, device=parameter.device).repeat_interleave(2)[:, None, None, None]
    options = {"generator": generators} if _takes_generator(scheduler) else {}
    text, extra = _conditioning(batch, parameter)
    count = len(scheduler.timesteps)
    for step, timestep in enumerate(scheduler.timesteps):
        if sharing is not None:
            sharing.set(sources([shares(threshold, step, count) for threshold in batch.p2p_thresholds]))
        if control is not None:
            thresholds = batch.p2p_thresholds if cross_threshold is None else [cross_threshold] * len(batch.seeds)
            control.set([shares(threshold, step, count) for threshold in thresholds])
        rows = scheduler.scale_model_input(torch.cat([latents, latents]), timestep)  # (4n, c, h, w)
        predicted = unet(
            rows.to(parameter.dtype), timesteps[step], encoder_hidden_states=text, return_dict=False, **extra
        )[0].float()
        without, with_caption = predicted.chunk(2)
        guided = without + scale * (with_caption - without)  # (Ho & Salimans 2022, arXiv 2207.12598, equation 6)
        latents = scheduler.step(guided, timestep, latents, return_dict=False, **options)[0]
    return latents


def _conditioning(batch: Batch, like: Tensor) -> tuple[Tensor, dict[str, Any]]:
    """(4n, t, d) embeddings, and SDXL's additional conditions: pooled text; original size, crop and target size."""
    both = Text.cat([batch.empty, batch.text])
    embeddings = both.embeddings.to(like)
    if both.pooled is None:
        return embeddings, {}
    height, width = (side * batch.factor for side in batch.size)
    sizes = torch.tensor([[height, width, 0, 0, height, width]]).repeat(len(embeddings), 1)  # (4n, 6)
    return embeddings, {"added_cond_kwargs": {"text_embeds": both.pooled.to(like), "time_ids": sizes.to(like)}}


def _takes_generator(scheduler: Any) -> bool:
    return "generator" in inspect.signature(scheduler.step).parameters
