"""The optimisers that a run can ask for."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ip2p_cli.api import MissingExtra, UsageError

from .config import LoopConfig
from .muon import Muon

BETA1 = 0.9


def set_learning_rate(optimizer: torch.optim.Optimizer, value: float) -> None:
    """For the next step. Where a captured step reads it, it is a tensor, and stays the same one."""
    for group in optimizer.param_groups:
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(value)
        else:
            group["lr"] = value


def make_optimizer(model: nn.Module, config: LoopConfig, device: torch.device) -> torch.optim.Optimizer:
    """AdamW (Loshchilov & Hutter 2019, arXiv 1711.05101), the same with 8-bit moments (Dettmers et al. 2022), or Muon.

    Raises:
        MissingExtra, UsageError: the 8-bit one cannot be had here.
    """
    settings: dict[str, Any] = {
        "lr": config.learning_rate,
        "betas": (BETA1, config.beta2),
        "weight_decay": config.weight_decay,
    }
    if config.optimizer == "muon":
        return Muon(model, fused=True, **settings)
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if config.optimizer == "adamw":
        return torch.optim.AdamW(parameters, fused=True, **settings)
    try:
        from bitsandbytes.optim import AdamW8bit
    except ImportError:
        raise MissingExtra('[loop] optimizer = "adamw8bit"', "adam8bit") from None
    if device.type != "cuda":
        raise UsageError(f'[loop] optimizer = "adamw8bit" needs CUDA, not {device.type}; take "adamw"')
    made: torch.optim.Optimizer = AdamW8bit(parameters, **settings)
    return made
