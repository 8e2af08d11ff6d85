"""In which numbers a network is run while it learns: mixed bfloat16 where a device is made for it, else float32."""

from __future__ import annotations

import torch

from ip2p_cli.api import bfloat16_is_quicker

AUTO, BF16, FP32 = "auto", "bf16", "fp32"


def precision_on(device: str | torch.device, precision: str) -> str:
    """BF16 or FP32: what a setting comes to on a device.

    A processor without instructions for bfloat16 emulates it, up to a hundred times slower.
    """
    if precision != AUTO:
        return precision
    return BF16 if bfloat16_is_quicker(torch.device(device)) else FP32


def mixed(device: str | torch.device, precision: str) -> torch.autocast:
    """Inside it, what may be done in bfloat16 is done so, where `precision` comes to that."""
    return torch.autocast(torch.device(device).type, torch.bfloat16, enabled=precision_on(device, precision) == BF16)
