"""Enlarges an edit that is drawn (`drawing.py`) along the photo's own edges.

With I the model's copy of the photo (`before`), p the edit (`after`) and J the original, the output is

    O = w · (A J + b) + (1 − w) · p        A (3×3), b, w and p upsampled to J's size

A and b are the guided filter of p by I: where p keeps an edge of the photo A does, and J's edge is sharp; where p is
flat paint A is zero, and none of J's texture comes back. Unlike in `detail.py` nothing else holds the photo's detail.
What p has of its own (blocks, outlines) no such map gives, and what it has taken away none must bring back: w falls to
zero, and p's pixels are taken. So it does where p's fine structure is not I's: within a block the map follows the photo
from block to block, and would fill each with its texture.
"""

from __future__ import annotations

import torch
from PIL import Image
from torch import Tensor

from ip2p_cli.editor.drawing import likeness
from ip2p_cli.editor.full_size import Transfer, apply_transfer
from ip2p_cli.editor.guided_filter import RESIDUAL_RADIUS, explained, guided_filter, times, with_products
from ip2p_cli.editor.removed import removed
from ip2p_cli.editor.windows import window_means, window_variance

UNEXPLAINED = 0.5  # share of the edit's local variance from which it is something of its own
NOISE = 0.02**2  # variance that the network and the codec leave anywhere
OWN, SAME = 0.3, 0.6  # likeness of fine structure up to which p's pixels are taken, and from which they are not
LIKENESS_RADIUS = 8  # of the windows in which it is measured
SMOOTH = 2  # radius that keeps w free of specks, and blocks' borders sharp


def paint(original: Image.Image, before: Tensor, after: Tensor) -> Image.Image:
    """The edit that takes `before` to `after`, both (3, h, w) in [0, 1], at the size of `original` (RGB)."""
    before, after = before.detach().float().cpu(), after.detach().float().cpu()
    return apply_transfer(original, fit_painting(before, after))


def fit_painting(before: Tensor, after: Tensor) -> Transfer:
    """The fit at the model's size, (3, h, w) in [0, 1] each."""
    slopes, offsets = guided_filter(with_products(before, after), torch.ones_like(before[:1]))
    most = UNEXPLAINED * window_variance(after, RESIDUAL_RADIUS) + NOISE
    weight = window_means(explained(times(slopes, before, offsets), after, most), SMOOTH)
    alike = ((likeness(before, after, LIKENESS_RADIUS) - OWN) / (SAME - OWN)).clamp(0, 1)
    weight = weight * alike * (1 - removed(before, after))
    blended = weight * offsets + (1 - weight) * after
    return Transfer(None, torch.cat([torch.zeros_like(weight), (weight * slopes).flatten(0, 1), blended]))
