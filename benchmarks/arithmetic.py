"""The arithmetic floor: a network's operations, and the speed of a device's own matrix product."""

from __future__ import annotations

import time

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.networks import Shape, make_unet

TRIES = 10


def row_operations(shape: Shape, size: int) -> int:
    """Floating-point operations of one row through an editor's U-Net, for pictures of `size` pixels a side."""
    side = size // shape.factor
    with torch.device("meta"), torch.inference_mode():
        unet = make_unet(shape, in_channels=8)
        latents, text = torch.empty(1, 8, side, side), torch.empty(1, shape.tokens, shape.text_width)
        with FlopCounterMode(display=False) as counter:
            unet(latents, torch.zeros(1), text)
    return int(counter.get_total_flops())


def matmul_speed(device: str, dtype: torch.dtype, side: int) -> float:
    """Operations a second of a product of two square matrices, the best of some tries."""
    one, other = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    best = float("inf")
    for _ in range(TRIES):
        _wait(device)
        started = time.perf_counter()
        torch.matmul(one, other)
        _wait(device)
        best = min(best, time.perf_counter() - started)
    return 2 * side**3 / best


def _wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize()
