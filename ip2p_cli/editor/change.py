"""How far an edit went, in plain figures."""

from __future__ import annotations

import torch
from torch import Tensor

FLAT = 1e-4  # standard deviation of the gradients, below which a picture has no structure to compare


def measure_change(before: Tensor, after: Tensor) -> dict[str, float]:
    """Both pictures (3, h, w) in [0, 1], at the model's size. 0 is a copy in either figure, 1 the most there can be.

    pixels: mean absolute difference. structure: 1 - the correlation of the luma's gradient magnitudes, which colour
    and light leave alone: near 0 where edges stayed where they were, near 1 where another picture was drawn.
    """
    return {"pixels": (after - before).abs().mean().item(), "structure": 1.0 - _correlation(before, after)}


def _correlation(before: Tensor, after: Tensor) -> float:
    """Of gradient magnitudes, within [0, 1]."""
    first, second = (gradient_magnitude(picture).flatten().double() for picture in (before, after))
    first, second = first - first.mean(), second - second.mean()
    deviations = first.square().mean().sqrt().item(), second.square().mean().sqrt().item()
    if min(deviations) < FLAT:
        return 1.0 if max(deviations) < FLAT else 0.0
    correlation = (first * second).mean().item() / (deviations[0] * deviations[1])
    return min(max(correlation, 0.0), 1.0)


def gradient_magnitude(picture: Tensor) -> Tensor:
    """Of the luma, by differences to the right and down; zero past the last row and column.  # (3, h, w) -> (h, w)"""
    luma = torch.einsum("c,chw->hw", picture.new_tensor([0.299, 0.587, 0.114]), picture)
    right, down = torch.zeros_like(luma), torch.zeros_like(luma)
    right[:, :-1] = luma[:, 1:] - luma[:, :-1]
    down[:-1] = luma[1:] - luma[:-1]
    return (right.square() + down.square()).sqrt()
