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
- The windows are fitted again with w as the pixels' weights (iteratively reweighted least squares), or a moon would
  leave a halo in all windows that it touches.

Thresholds were set on photos whose edit is known at full size, with and without a real codec between.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ip2p_cli.editor.colour_map import apply_colour_map, as_filter, fit_colour_map
from ip2p_cli.editor.windows import window_means

RADIUS = 8  # of the fit's windows, in the model's pixels
EPSILON = 2e-3  # ε of the guided filter
PASSES = 3  # of the reweighted fit
LEAST_WEIGHT = 1e-3  # of a pixel in it: where all are badly fitted, all count the same
RESIDUAL_RADIUS = 3  # of the windows that judge what the fit leaves over
UNEXPLAINED = 0.15  # share of the edit's local variance from which it is something new
NOISE = 0.015**2  # variance left over at least, without a codec's error
STEEP = 1.0  # norm of A from which colours that meet by chance are being told apart, not an edit
SMOOTH = 6  # radius that keeps w free of patches
TILE_WIDTH, TILE_HEIGHT = 4096, 64  # bounds memory at any size


@dataclass(frozen=True)
class Transfer:
    """What the small pictures say: F and, stacked on one small grid, w, w·A, w·b + (1 − w)·p."""

    colour_map: Tensor  # (nodes³, 3)
    fields: Tensor  # (13, h, w): weight, 9 slopes row by row, 3 offsets


def transfer_detail(original: Image.Image, before: Tensor, after: Tensor) -> Image.Image:
    """`original` (RGB, any size) with the edit that takes `before` to `after`, both (3, h, w) in [0, 1].

    The result has the original's size. Memory beyond the two full-size pictures stays below about 200 MB.
    """
    before, after = before.detach().float().cpu(), after.detach().float().cpu()
    copy = original.resize((before.shape[2], before.shape[1]), Image.Resampling.LANCZOS)
    transfer = fit_transfer(before, after, _planes(copy))
    colour_filter = as_filter(transfer.colour_map)
    output = Image.new("RGB", original.size)
    for left, right in _spans(original.width, TILE_WIDTH):
        wide = _resample(transfer.fields, left, right, original.width)  # (13, h, width)
        for top, bottom in _spans(original.height, TILE_HEIGHT):
            taps, used = _taps(top, bottom, original.height, wide.shape[1])
            fields = torch.einsum("yh,chx->cyx", taps, wide[:, used])
            tile = original.crop((left, top, right, bottom))
            output.paste(_apply(tile, tile.filter(colour_filter), fields), (left, top))
    return output


def fit_transfer(before: Tensor, after: Tensor, copy: Tensor) -> Transfer:
    """The fit at the model's size, (3, h, w) in [0, 1] each; `copy` is the photo as it is before the codec."""
    noise = window_means((before - copy).square().mean(0, keepdim=True), RADIUS) + NOISE  # (1, h, w)
    colours = before.flatten(1).T.contiguous()
    table = fit_colour_map(colours, after.flatten(1).T.contiguous())
    mapped = apply_colour_map(table, colours).T.reshape_as(before)
    weight = torch.ones_like(before[:1])
    for _ in range(PASSES):
        slopes, offsets = _guided_filter(before, after - mapped, weight + LEAST_WEIGHT)
        fitted = _times(slopes, before, mapped + offsets)
        weight = _explained(fitted, after, noise) * _moderate(slopes)  # (1, h, w)
    weight = window_means(weight, SMOOTH)
    blended = weight * offsets + (1 - weight) * after
    return Transfer(table, torch.cat([weight, (weight * slopes).flatten(0, 1), blended]))


def _guided_filter(guide: Tensor, target: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Averaged coefficients A (3, 3, h, w) and b (3, h, w) of `target` ≈ A guide + b; `weight` (1, h, w) > 0."""
    total = window_means(weight, RADIUS)

    def mean(x: Tensor) -> Tensor:
        return window_means(weight * x, RADIUS) / total

    products = (_squares(guide), _outer(target, guide).flatten(0, 1))
    mean_i, mean_p, mean_ii, mean_pi = mean(torch.cat([guide, target, *products])).split([3, 3, 6, 9])
    variance = mean_ii.sub_(_squares(mean_i))  # (6, h, w)
    covariance = mean_pi.unflatten(0, (3, 3)).sub_(_outer(mean_p, mean_i))  # (3 target, 3 guide, h, w)
    inverse = _inverse(variance)
    slopes = torch.stack([_times(covariance, inverse[:, column], 0) for column in range(3)], dim=1)  # symmetric
    offsets = mean_p - _times(slopes, mean_i, 0)
    both = mean(torch.cat([slopes.flatten(0, 1), offsets]))
    return both[:9].unflatten(0, (3, 3)), both[9:]


def _times(matrices: Tensor, vectors: Tensor, plus: Tensor | float) -> Tensor:
    """`matrices` (3, 3, h, w) times `vectors` (3, h, w), plus something: one product a pixel.

    Plane by plane, where einsum would multiply as many tiny matrices as there are pixels.
    """
    terms = matrices[:, 0] * vectors[0] + plus
    return terms.addcmul_(matrices[:, 1], vectors[1]).addcmul_(matrices[:, 2], vectors[2])


def _inverse(variance: Tensor) -> Tensor:
    """Of the matrices `variance` + ε, symmetric: (6, h, w) in the order of `_squares` -> (3, 3, h, w).

    By cofactors: a picture has as many of them as pixels, and ε keeps them well-conditioned.
    """
    a, b, c, d, e, f = variance + EPSILON * torch.tensor([1, 0, 0, 1, 0, 1]).view(6, 1, 1)
    upper = [d * f - e * e, c * e - b * f, b * e - c * d, a * f - c * c, b * c - a * e, a * d - b * b]
    determinant = a * upper[0] + b * upper[1] + c * upper[2]
    return torch.stack([upper[place] for place in (0, 1, 2, 1, 3, 4, 2, 4, 5)]).div_(determinant).unflatten(0, (3, 3))


def _explained(fitted: Tensor, after: Tensor, noise: Tensor) -> Tensor:
    """(1, h, w) in (0, 1]: small where the maps leave much over against the edit's local variance and the noise."""
    left_over = window_means((after - fitted).square().mean(0, keepdim=True), RESIDUAL_RADIUS)
    mean = window_means(after, RESIDUAL_RADIUS)
    variance = (window_means(after.square(), RESIDUAL_RADIUS) - mean.square()).clamp(min=0).mean(0, keepdim=True)
    return 1 / (1 + (left_over / (UNEXPLAINED * variance + noise)) ** 4)


def _moderate(slopes: Tensor) -> Tensor:
    """(1, h, w) in (0, 1]: small where A is steep. A new bright thing beside a bright rock makes A tell them apart by
    the rock's colour; the original's detail would come out blown up."""
    return 1 / (1 + (slopes.square().sum((0, 1)) / STEEP**2).square()).unsqueeze(0)


def _squares(x: Tensor) -> Tensor:
    """Products of all pairs of channels, each once: (3, h, w) -> (6, h, w), row by row of a matrix's upper half."""
    return torch.cat([x[0] * x, x[1] * x[1:], x[2] * x[2:]])


def _outer(left: Tensor, right: Tensor) -> Tensor:
    """Products of all pairs of channels: (3, h, w), (3, h, w) -> (3, 3, h, w)."""
    return left.unsqueeze(1) * right.unsqueeze(0)


def _apply(tile: Image.Image, mapped: Image.Image, fields: Tensor) -> Image.Image:
    """O for one tile: `tile` is J there, `mapped` F(J), `fields` (13, height, width) upsampled."""
    source, colour = _planes(tile), _planes(mapped)  # (3, height, width)
    weight, slopes, result = fields[0], fields[1:10].view(3, 3, *fields.shape[1:]), fields[10:]
    result = torch.addcmul(result, weight, colour)
    for channel in range(3):
        for other in range(3):
            result[channel].addcmul_(slopes[channel, other], source[other])
    pixels = result.mul_(255).round_().clamp_(0, 255).byte().permute(1, 2, 0).contiguous()
    return Image.fromarray(pixels.numpy())


def _planes(tile: Image.Image) -> Tensor:
    """An RGB picture as (3, height, width) floats in [0, 1]."""
    return torch.from_numpy(np.array(tile)).permute(2, 0, 1).float().mul_(1 / 255)


def _spans(length: int, step: int) -> Iterator[tuple[int, int]]:
    return ((start, min(start + step, length)) for start in range(0, length, step))


def _resample(fields: Tensor, left: int, right: int, width: int) -> Tensor:
    """Columns left … right of `fields` (c, h, w) enlarged to `width`: (c, h, right - left)."""
    parts = []
    for start, stop in _spans(right - left, TILE_HEIGHT):
        taps, used = _taps(left + start, left + stop, width, fields.shape[2])
        parts.append(fields[..., used] @ taps.T)
    return torch.cat(parts, dim=2)


def _taps(start: int, stop: int, size_out: int, size_in: int) -> tuple[Tensor, slice]:
    """Weights (stop - start, used) of bicubic resampling (Keys 1981, a = −1/2), widened when shrinking, and the
    inputs that they belong to."""
    scale = size_in / size_out
    centre = (torch.arange(start, stop, dtype=torch.float64) + 0.5) * scale - 0.5
    reach = 2 * max(1.0, scale)
    low, high = max(math.ceil(float(centre[0]) - reach), 0), min(math.floor(float(centre[-1]) + reach) + 1, size_in)
    x = (centre.unsqueeze(1) - torch.arange(low, high)).abs() / max(1.0, scale)
    near, far = 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    taps = torch.where(x < 1, near, torch.where(x < 2, far, torch.zeros_like(x)))
    return (taps / taps.sum(1, keepdim=True)).float(), slice(low, high)
