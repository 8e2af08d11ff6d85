"""Applies what was fitted at the model's size to the original's pixels, tile by tile."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ip2p_cli.editor.colour_map import apply_colour_map, as_filter
from ip2p_cli.editor.guided_filter import times

TILE_WIDTH, TILE_HEIGHT = 4096, 64  # bounds memory at any size


@dataclass(frozen=True)
class Transfer:
    """O = w F(J) + A J + b: what the small pictures say of the large one."""

    colour_map: Tensor | None  # (nodes³, 3): F; None where w is 0 everywhere
    fields: Tensor  # (13, h, w): w, 9 slopes row by row, 3 offsets

    def of_copy(self, copy: Tensor) -> Tensor:
        """O for the model's own copy as J, (3, h, w) in [0, 1] like it."""
        weight, slopes, offsets = self.fields[:1], self.fields[1:10].unflatten(0, (3, 3)), self.fields[10:]
        if self.colour_map is not None:
            mapped = apply_colour_map(self.colour_map, copy.flatten(1).T.contiguous())
            offsets = offsets + weight * mapped.T.reshape_as(copy)
        return times(slopes, copy, offsets).clamp_(0, 1)


def apply_transfer(original: Image.Image, transfer: Transfer) -> Image.Image:
    """The result for `original` (RGB, any size), of its size.

    Memory beyond the two full-size pictures stays below about 200 MB.
    """
    colour_filter = None if transfer.colour_map is None else as_filter(transfer.colour_map)
    output = Image.new("RGB", original.size)
    for left, right in _spans(original.width, TILE_WIDTH):
        wide = _resample(transfer.fields, left, right, original.width)  # (13, h, width)
        space = wide.new_empty(len(wide), TILE_HEIGHT, right - left)  # for all tiles: new memory takes as long as sums
        for top, bottom in _spans(original.height, TILE_HEIGHT):
            taps, used = _taps(top, bottom, original.height, wide.shape[1])
            fields = torch.matmul(taps, wide[:, used], out=space[:, : bottom - top])
            tile = original.crop((left, top, right, bottom))
            output.paste(_apply(tile, tile.filter(colour_filter) if colour_filter else None, fields), (left, top))
    return output


def planes(picture: Image.Image) -> Tensor:
    """An RGB picture as (3, height, width) floats in [0, 1], channel by channel in memory."""
    return torch.stack([torch.from_numpy(np.array(channel)).float() for channel in picture.split()]).mul_(1 / 255)


def _apply(tile: Image.Image, mapped: Image.Image | None, fields: Tensor) -> Image.Image:
    """O for one tile: `tile` is J there, `mapped` F(J), `fields` (13, height, width) upsampled, which it overwrites."""
    source = planes(tile)  # (3, height, width)
    weight, slopes, result = fields[0], fields[1:10].view(3, 3, *fields.shape[1:]), fields[10:]
    if mapped is not None:
        result.addcmul_(weight, planes(mapped))
    for channel in range(3):
        for other in range(3):
            result[channel].addcmul_(slopes[channel, other], source[other])
    pixels = result.mul_(255).round_().clamp_(0, 255).byte().numpy()
    return Image.merge("RGB", [Image.fromarray(channel) for channel in pixels])


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
