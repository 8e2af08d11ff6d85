"""Means and variances over square windows: what the guided filter and the measures of detail are made of."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

BLOCK = 32  # lines a product: longer ones multiply more zeros, shorter ones are more products


def window_means(x: Tensor, radius: int) -> Tensor:
    """Mean over (2·radius + 1)² windows, (..., h, w), cut at the borders.

    Products with banded matrices, block by block: for pictures of the model's size quicker than pooling, and without
    the rounding of running sums.
    """
    return _line_means(_line_means(x, radius, -1), radius, -2)


def window_variance(picture: Tensor, radius: int) -> Tensor:
    """(c, h, w) -> (1, h, w): the mean of the channels' variances in the windows of `window_means`."""
    mean = window_means(picture, radius)
    return (window_means(picture.square(), radius) - mean.square()).clamp(min=0).mean(0, keepdim=True)


def _line_means(x: Tensor, radius: int, dim: int) -> Tensor:
    length = x.shape[dim]
    means = []
    for start in range(0, length, BLOCK):
        stop = min(start + BLOCK, length)
        low, high = max(start - radius, 0), min(stop + radius, length)
        lines, band = x.narrow(dim, low, high - low), _band(start, stop, low, high, radius)
        means.append(lines @ band.T if dim == -1 else band @ lines)
    return torch.cat(means, dim)


@lru_cache(maxsize=512)
def _band(start: int, stop: int, low: int, high: int, radius: int) -> Tensor:
    """The matrix (stop - start, high - low) that takes the places low … high to the means around start … stop."""
    near = ((torch.arange(start, stop).unsqueeze(1) - torch.arange(low, high)).abs() <= radius).float()
    return near / near.sum(1, keepdim=True)
