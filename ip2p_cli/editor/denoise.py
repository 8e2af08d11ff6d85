"""The denoising loop: one bucket of items of one latent size, one sampler and one number of steps.

Shapes: n items, r network rows (1 to 3 an item), c latent channels, latents h x w.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor

from ip2p_cli.accelerations import EXACT, Accelerations
from ip2p_cli.editor.fast.feature_reuse import Features, features_kept
from ip2p_cli.editor.fast.guidance_reuse import KeptGuidance
from ip2p_cli.editor.predict import Predictor
from ip2p_cli.editor.rows import Bucket, Network
from ip2p_cli.editor.steps import plan_steps
from ip2p_cli.editor.text_memory import texts_read_once


def denoise(
    network: Network,
    scheduler: Any,
    steps: int,
    bucket: Bucket,
    batch_size: int,
    accelerations: Accelerations = EXACT,
) -> Tensor:
    """Run the sampler over a bucket. Returns the final latents, float32, times the scaling factor.  # (n, c, h, w)

    An item takes the same path through the same kernels alone and in a crowd: see `rows.py`.
    """
    device = bucket.photos.device
    timesteps = _set_timesteps(scheduler, steps)
    on_device = timesteps.to(device)  # one copy for all steps, where `timesteps[i].to(device)` is one at each
    extra = _extra_arguments(scheduler, bucket.generators)
    kept = KeptGuidance(scheduler) if "guidance-reuse" in accelerations else None
    remembers, reuses = "compile" not in accelerations, "feature-reuse" in accelerations
    latents = bucket.noise.to(device, torch.float32) * float(scheduler.init_noise_sigma)
    with (
        texts_read_once(network.unet) if remembers else nullcontext(),  # compiled blocks would be compiled again
        features_kept(network.unet) if reuses else nullcontext(Features()) as features,
    ):
        predict = Predictor(network, bucket, batch_size, features, kept)
        for step, plan in enumerate(plan_steps(accelerations, scheduler, timesteps)):
            scaled = scheduler.scale_model_input(latents, timesteps[step])
            prediction = predict(plan, scaled, on_device[step])
            latents = scheduler.step(prediction, timesteps[step], latents, **extra, return_dict=False)[0]
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
