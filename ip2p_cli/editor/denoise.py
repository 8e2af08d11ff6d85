"""The denoising loop: one bucket of items of one latent size, one sampler and one number of steps.

Shapes: n items, r network rows (1 to 3 an item), c latent channels, latents h x w.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ip2p_cli.editor.guidance import Combiner, plan_rows
from ip2p_cli.editor.rows import Bucket, Network, cut_rows
from ip2p_cli.editor.text_memory import texts_read_once


def denoise(network: Network, scheduler: Any, steps: int, bucket: Bucket, batch_size: int) -> Tensor:
    """Run the sampler over a bucket. Returns the final latents, float32, times the scaling factor.  # (n, c, h, w)

    An item takes the same path through the same kernels alone and in a crowd: see `rows.py`.
    """
    device = bucket.photos.device
    timesteps = _set_timesteps(scheduler, steps)
    on_device = timesteps.to(device)  # one copy for all steps, where `timesteps[i].to(device)` is one at each
    extra = _extra_arguments(scheduler, bucket.generators)
    plan = plan_rows(bucket.guidance)
    combine = Combiner(plan, device)
    latents = bucket.noise.to(device, torch.float32) * float(scheduler.init_noise_sigma)
    scaled = scheduler.scale_model_input(latents, timesteps[0])
    chunks = [network.shortest(chunk, scaled, on_device[0]) for chunk in cut_rows(plan, bucket, batch_size)]
    with texts_read_once(network.unet):
        for step, timestep in enumerate(timesteps):
            scaled = scheduler.scale_model_input(latents, timestep)
            rows = torch.cat([network(chunk, scaled, on_device[step]) for chunk in chunks])  # (r, c, h, w)
            latents = scheduler.step(combine(rows), timestep, latents, **extra, return_dict=False)[0]
    return latents


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
