"""Batches of data that is drawn when it is needed: nothing is stored, and no two steps see the same rows."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ip2p_cli.api import DrawnData

VOCABULARY_TEXTS = 4000  # of the data, to learn a vocabulary from


def draw_rows(data: DrawnData, generator: torch.Generator, count: int) -> list[int]:
    """`count` rows, any of the data's."""
    found: list[int] = torch.randint(data.rows, (count,), generator=generator).tolist()
    return found


def as_pixels(pictures: NDArray[np.uint8]) -> Tensor:
    """(n, h, w, 3) uint8 -> (n, 3, h, w) float32 in [-1, 1]."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1


class DrawnPictures:
    """Whole drawn pictures, in the place of crops of photos: they are small, and on one grid already."""

    def __init__(self, data: DrawnData) -> None:
        self._data = data

    def draw(self, generator: torch.Generator, count: int, grid: int = 0) -> Tensor:
        """(count, 3, side, side) in [-1, 1]."""
        return as_pixels(self._data.captioned(draw_rows(self._data, generator, count))[1])
