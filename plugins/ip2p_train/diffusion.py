"""What a network learns of noise: schedules, timesteps, targets and their weights.

Sources: epsilon, Ho et al. 2020 (arXiv 2006.11239), equation 14; v, Salimans & Ho 2022 (arXiv 2202.00512), appendix D;
zero-terminal SNR, Lin et al. 2023 (arXiv 2305.08891); min-SNR, Hang et al. 2023 (arXiv 2303.09556).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers import DDIMScheduler
from torch import Tensor

from ip2p_cli.api import UsageError

AUTO, EPSILON, V = "auto", "epsilon", "v_prediction"


def make_scheduler(**changes: Any) -> DDIMScheduler:
    """Zero-terminal SNR with v-prediction and trailing steps (Lin et al. 2023): a picture can turn dark as a whole."""
    settings: dict[str, Any] = {
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "prediction_type": V,
        "rescale_betas_zero_snr": True,
        "timestep_spacing": "trailing",
        "clip_sample": False,
        "set_alpha_to_one": True,
    }
    return DDIMScheduler(**{**settings, **changes})


def scheduler_of(base: Path | None, prediction: str) -> DDIMScheduler:
    """The schedule that a base was trained with, or a fresh network's (no `base`, or parts without a scheduler).

    A fresh network that is to predict epsilon gets the schedule without the zero: at SNR 0, epsilon is all that the
    network is given, and says nothing of the picture.

    Raises:
        UsageError: the two do not go together, or the base predicts neither epsilon nor v.
    """
    if base is None or not (base / "scheduler").is_dir():
        return make_scheduler(
            **({"prediction_type": EPSILON, "rescale_betas_zero_snr": False} if prediction == EPSILON else {})
        )
    scheduler = DDIMScheduler.from_pretrained(base, subfolder="scheduler", local_files_only=True)
    if prediction != AUTO:
        scheduler.register_to_config(prediction_type=prediction)
    if scheduler.config.prediction_type not in (EPSILON, V):
        raise UsageError(
            f"{base}: its scheduler predicts {scheduler.config.prediction_type!r}; "
            f"set [editor] prediction to {EPSILON} or {V}"
        )
    if scheduler.config.prediction_type == EPSILON and scheduler.alphas_cumprod[-1] <= 1e-8:
        raise UsageError(f"{base}: its schedule ends at SNR 0, where epsilon says nothing; set prediction to {V}")
    return scheduler


def draw_timesteps(scheduler: DDIMScheduler, generator: torch.Generator, count: int, power: float = 1.0) -> Tensor:
    """(count,) whole numbers in [0, T): T·u^power with u uniform, so that a power of 1 is uniform."""
    total = scheduler.config.num_train_timesteps
    return (total * torch.rand(count, generator=generator) ** power).long().clamp(max=total - 1)


EVEN_SHARE = 0.2  # of middle_timesteps: sampling begins at the very end, where a logit-normal hardly ever comes


def middle_timesteps(scheduler: DDIMScheduler, generator: torch.Generator, count: int) -> Tensor:
    """(count,) whole numbers in [0, T), most of them in the middle, where it is decided what shape a thing has.

    Logit-normal (Esser et al. 2024, arXiv 2403.03206, section 3.1, m = 0, s = 1), a share of them uniform.
    """
    total = scheduler.config.num_train_timesteps
    even, middle = torch.rand(2, count, generator=generator), torch.sigmoid(torch.randn(count, generator=generator))
    return (total * torch.where(even[0] < EVEN_SHARE, even[1], middle)).long().clamp(max=total - 1)


PLACED = 0.6  # share of the timesteps below which it shows where a thing is


def place_weights(scheduler: DDIMScheduler, shares: Tensor, timesteps: Tensor, weight: float) -> Tensor:
    """Weights of squared errors, of mean 1 in each sample: `weight` where `shares` are 1, against 1 where they are 0.

    Only below PLACED: weights that depend on what is still to be found out would teach another picture than the
    likely one.

    Args:
        scheduler: of the network.
        shares: of each latent, in [0, 1].  # (b, 1, h, w)
        timesteps: of each sample.  # (b,)
        weight: 1 weighs all alike.
    """
    shares = shares * (timesteps < PLACED * scheduler.config.num_train_timesteps)[:, None, None, None]
    weights = 1 + (weight - 1) * shares
    return weights / weights.mean(dim=(1, 2, 3), keepdim=True)


def target_of(scheduler: DDIMScheduler, x0: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
    """What the network is to say: the noise, or v = α·ε − σ·x_0.  # (b, c, h, w)"""
    if scheduler.config.prediction_type == V:
        velocity: Tensor = scheduler.get_velocity(x0, noise, timesteps)
        return velocity
    return noise


def min_snr_weights(scheduler: DDIMScheduler, timesteps: Tensor, gamma: float) -> Tensor:
    """(b,) weights of squared errors: min(SNR, γ)/SNR for epsilon, min(SNR, γ)/(SNR + 1) for v (section 3.4).

    At SNR 0 the first is 1, its limit. A gamma of 0 weighs all alike.
    """
    if gamma == 0:
        return torch.ones(len(timesteps), device=timesteps.device)
    alpha = scheduler.alphas_cumprod[timesteps].double()
    snr = alpha / (1 - alpha)
    if scheduler.config.prediction_type == V:
        return (snr.clamp(max=gamma) / (snr + 1)).float()
    return torch.where(snr > 0, snr.clamp(max=gamma) / snr, torch.ones_like(snr)).float()
