"""Photos held in memory for training: random crops at random scales, as float tensors."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ip2p_cli.api import read_photo

_MOST = 288  # px of a photo's shorter side


class PhotoCrops:
    """Photos, shrunk where they are large, and any further pictures."""

    def __init__(self, photos: Iterable[Path], crop: int, more: Iterable[Image.Image] = ()) -> None:
        self.crop = crop
        self.images = [*(_load(path) for path in photos), *more]

    def draw(self, generator: torch.Generator, count: int, grid: int = 0) -> Tensor:
        """`count` crops with random place and mirror: (b, 3, crop, crop) in [-1, 1].

        Their scale is random too (1 to 2.2), or, with a `grid`, the picture's own, on multiples of so many pixels.
        """
        numbers = torch.rand(count, 5, generator=generator).tolist()
        crops = [self._one(row, grid) for row in numbers]
        return torch.stack(crops) if crops else torch.empty(0, 3, self.crop, self.crop)

    def _one(self, numbers: list[float], grid: int) -> Tensor:
        which, scale, x, y, mirror = numbers
        image = self.images[int(which * len(self.images))]
        side = min(self.crop if grid else int(self.crop * (1 + 1.2 * scale)), *image.size)
        left, top = int(x * (image.width - side + 1)), int(y * (image.height - side + 1))
        if grid:
            left, top = left - left % grid, top - top % grid
        box = (left, top, left + side, top + side)
        piece = image.resize((self.crop, self.crop), Image.Resampling.BICUBIC, box=box, reducing_gap=2.0)
        pixels = torch.from_numpy(np.asarray(piece).copy()).permute(2, 0, 1).float() / 127.5 - 1  # (3, h, w)
        return pixels.flip(-1) if mirror < 0.5 else pixels


def _load(path: Path) -> Image.Image:
    image = read_photo(path)
    scale = _MOST / min(image.size)
    if scale < 1:
        image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
    return image
