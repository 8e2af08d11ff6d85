"""The denoising loop: one bucket of items of one latent size, one sampler and one number of steps.

Shapes: n items, r network rows (1 to 3 an item), c latent channels, latents h x w, text of l tokens of width d.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ip2p_cli.editor.guidance import FULL, NONE, Combiner, Guidance, RowPlan, plan_rows


@dataclass(frozen=True)
class Bucket:
    """What a bucket starts from. Items may differ in photo, instruction, noise and guidance."""

    photos: Tensor  # (n, c, h, w) conditioning latents
    texts: Tensor  # (n, l, d)
    no_text: Tensor  # (l, d) the embedding of the empty instruction
    noise: Tensor  # (n, c, h, w) standard normal
    guidance: Sequence[Guidance]  # n
    generators: Sequence[torch.Generator]  # n: for samplers that add noise as they go


@dataclass(frozen=True)
class NetworkRows:
    """A slice of the plan as the network takes it; the same at every step but for the noisy latents."""

    items: Tensor  # (k,) of each row, its item
    photos: Tensor  # (k, c, h, w)
    texts: Tensor  # (k, l, d)
    real: int  # rows before the padding


def denoise(unet: Any, scheduler: Any, steps: int, bucket: Bucket, rows_at_once: int) -> Tensor:
    """Run the sampler over a bucket. Returns the final latents, float32, times the scaling factor.  # (n, c, h, w)

    Every call of the network has exactly `rows_at_once` rows, the last one padded by a repeated row: an item then
    takes the same path through the same kernels alone and in a crowd, and its bytes are the same.
    """
    device = bucket.photos.device
    timesteps = _set_timesteps(scheduler, steps)
    on_device = timesteps.to(device)  # one copy for all steps, where `timesteps[i].to(device)` is one at each
    extra = _extra_arguments(scheduler, bucket.generators)
    plan = plan_rows(bucket.guidance)
    chunks = cut_rows(plan, bucket, rows_at_once)
    combine = Combiner(plan, device)
    latents = bucket.noise.to(device, torch.float32) * float(scheduler.init_noise_sigma)
    for step, timestep in enumerate(timesteps):
        scaled = scheduler.scale_model_input(latents, timestep)
        rows = torch.cat([evaluate(unet, chunk, scaled, on_device[step]) for chunk in chunks])  # (r, c, h, w)
        latents = scheduler.step(combine(rows), timestep, latents, **extra, return_dict=False)[0]
    return latents


def evaluate(unet: Any, rows: NetworkRows, scaled: Tensor, timestep: Tensor) -> Tensor:
    """The network's prediction for a slice of rows.  # (real, c, h, w)"""
    sample = torch.cat([scaled[rows.items].to(rows.photos.dtype), rows.photos], dim=1)  # (k, 2c, h, w)
    predicted: Tensor = unet(sample, timestep, encoder_hidden_states=rows.texts, return_dict=False)[0]
    return predicted[: rows.real]


def cut_rows(plan: RowPlan, bucket: Bucket, size: int) -> list[NetworkRows]:
    """Cut the plan into slices of exactly `size` rows."""
    device = bucket.photos.device
    chunks = []
    for start in range(0, len(plan), size):
        real = min(size, len(plan) - start)
        places = [start + min(offset, real - 1) for offset in range(size)]
        items = torch.tensor([plan.items[place] for place in places], device=device)
        kinds = torch.tensor([plan.kinds[place] for place in places], device=device)
        photos = bucket.photos[items]
        photos = torch.where((kinds == NONE)[:, None, None, None], torch.zeros_like(photos), photos)
        texts = torch.where((kinds == FULL)[:, None, None], bucket.texts[items], bucket.no_text)
        chunks.append(NetworkRows(items, photos, texts, real))
    return chunks


def _set_timesteps(scheduler: Any, steps: int) -> Tensor:
    """The sampler's timesteps, on the CPU: schedulers look them up in tables there, and would wait for a GPU."""
    scheduler.set_timesteps(steps, device="cpu")
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(0)
    timesteps: Tensor = scheduler.timesteps
    return timesteps


def _extra_arguments(scheduler: Any, generators: Sequence[torch.Generator]) -> dict[str, Any]:
    """Ancestral samplers draw from each item's own generator."""
    takes_generator = "generator" in inspect.signature(scheduler.step).parameters
    return {"generator": list(generators)} if takes_generator else {}
