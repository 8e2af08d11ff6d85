"""What a step's number decides: its random numbers and its learning rate."""

from __future__ import annotations

import hashlib

import torch

from .config import LoopConfig


def step_generator(seed: int, step: int, rank: int = 0) -> torch.Generator:
    """The generator of one step: blake2b(seed, step, rank), so that resuming needs no saved state."""
    digest = hashlib.blake2b(f"{seed}/{step}/{rank}".encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "big") >> 1)


def learning_rate_at(step: int, config: LoopConfig) -> float:
    """Linear warm-up, then a cosine down to `final_learning_rate` of the peak."""
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / config.warmup_steps
    done = (step - config.warmup_steps) / max(1, config.max_steps - config.warmup_steps)
    floor = config.final_learning_rate
    cosine = 0.5 * (1 + torch.cos(torch.tensor(min(done, 1.0) * torch.pi)).item())
    return config.learning_rate * (floor + (1 - floor) * cosine)
