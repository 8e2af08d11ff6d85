"""Carries an edit made at the model's size to the original's pixels.

With I the model's own copy of the photo (`before`: it has the codec's blur, so that the blur is not taken for part of
the edit), p the edit (`after`) and J the original, the output is

    O = w · (F(J) + A J + b) + (1 − w) · p        A (3×3), b, w and p upsampled to J's size

- F is one colour map for the whole picture (`colour_map.py`): night, sepia, a negative are almost all F. What an edit
  leaves alone F leaves alone exactly, so that an unchanged photo comes back as it was.
- A, b are the guided filter (He, Sun & Tang 2013, eq. 19-21; computed small and applied large as in He & Sun 2015),
  fitted window by window to what F leaves over, p − F(I); the ridge ε draws A to zero, that is the whole slope to F's.
- w falls to zero where the maps do not tell the edit: it drew something of its own there (a moon, pencil strokes), and
  its own pixels are taken. How much the maps may leave over depends on the codec: as much as it gets the photo itself
  wrong there, |I − J|². A faithful codec shows every brush stroke; a coarse one leaves blots that mean nothing.
- w is zero, too, where the edit has taken something away (`removed.py`): F would bring back its outline.
- The windows are fitted again with w as the pixels' weights (iteratively reweighted least squares), or a moon would
  leave a halo in all windows that it touches.

Thresholds were set on photos whose edit is known at full size, with and without a real codec between.
"""

from __future__ import annotations

import torch
from PIL import Image
from torch import Tensor

from ip2p_cli.editor.colour_map import apply_colour_map, fit_colour_map
from ip2p_cli.editor.full_size import Transfer, apply_transfer, planes
from ip2p_cli.editor.guided_filter import RADIUS, RESIDUAL_RADIUS, explained, guided_filter, times, with_products
from ip2p_cli.editor.removed import removed
from ip2p_cli.editor.windows import window_means, window_variance

PASSES = 3  # of the reweighted fit
LEAST_WEIGHT = 1e-3  # of a pixel in it: where all are badly fitted, all count the same
UNEXPLAINED = 0.15  # share of the edit's local variance from which it is something new
NOISE = 0.015**2  # variance left over at least, without a codec's error
STEEP = 1.0  # norm of A from which colours that meet by chance are being told apart, not an edit
SMOOTH = 6  # radius that keeps w free of patches


def transfer_detail(original: Image.Image, before: Tensor, after: Tensor) -> Image.Image:
    """`original` (RGB, any size) with the edit that takes `before` to `after`, both (3, h, w) in [0, 1].

    The result has the original's size.
    """
    small = planes(original.resize((before.shape[2], before.shape[1]), Image.Resampling.LANCZOS))
    return apply_transfer(original, fit_transfer(small, before, after))


def fit_transfer(small: Tensor, before: Tensor, after: Tensor) -> Transfer:
    """The fit for `transfer_detail`. `small` is the original at the model's size, (3, h, w) in [0, 1] as the others."""
    before, after = before.detach().float().cpu(), after.detach().float().cpu()
    noise = window_means((before - small).square().mean(0, keepdim=True), RADIUS) + NOISE  # (1, h, w)
    colours = before.flatten(1).T.contiguous()
    table = fit_colour_map(colours, after.flatten(1).T.contiguous())
    mapped = apply_colour_map(table, colours).T.reshape_as(before)
    products = with_products(before, after - mapped)
    most = UNEXPLAINED * window_variance(after, RESIDUAL_RADIUS) + noise
    weight = torch.ones_like(before[:1])
    for _ in range(PASSES):
        slopes, offsets = guided_filter(products, weight + LEAST_WEIGHT)
        fitted = times(slopes, before, mapped + offsets)
        weight = explained(fitted, after, most) * _moderate(slopes)  # (1, h, w)
    weight = window_means(weight, SMOOTH) * (1 - removed(before, after))
    blended = weight * offsets + (1 - weight) * after
    return Transfer(table, torch.cat([weight, (weight * slopes).flatten(0, 1), blended]))


def _moderate(slopes: Tensor) -> Tensor:
    """(1, h, w) in (0, 1]: small where A is steep. A new bright thing beside a bright rock makes A tell them apart by
    the rock's colour; the original's detail would come out blown up."""
    return 1 / (1 + (slopes.square().sum((0, 1)) / STEEP**2).square()).unsqueeze(0)
