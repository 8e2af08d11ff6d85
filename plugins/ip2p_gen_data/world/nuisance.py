"""What no caption names, drawn from a scene's own seed: one generator for each part, so that an edit of one part
leaves the others as they were.

Skies, lands and what falls come in VARIANTS each: what small models cannot foresee, such as where each flake falls,
they could only blur, and their weights would go into it.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from .scene import SIDE
from .shapes import Array

SKY, LAND, FALL, THINGS = range(4)
VARIANTS = 8  # of each part but the things, whose little differences of height and tone have no end


def generator(seed: int, part: int) -> np.random.Generator:
    """The generator of one part. Philox takes the key as it is: a fifth of the time that seeding others takes."""
    own = seed if part == THINGS else seed // VARIANTS**part % VARIANTS
    return np.random.Generator(np.random.Philox(key=np.array([own, part], np.uint64)))


def noise(rng: np.random.Generator, rows: int, columns: int) -> Array:
    """Smooth noise around 0, about [-0.5, 0.5], of so many cells: (SIDE, SIDE)."""
    grid = rng.random((rows + 1, columns + 1), np.float32) - np.float32(0.5)
    return _weights(rows) @ grid @ _weights(columns).T


def ridge(rng: np.random.Generator, cells: int) -> Array:
    """Smooth noise along a line, in [0, 1]: (SIDE,)."""
    return _weights(cells) @ rng.random(cells + 1, np.float32)


@cache
def _weights(cells: int) -> Array:
    """Smoothstep interpolation of cells + 1 values to SIDE pixels: (SIDE, cells + 1)."""
    at = np.linspace(0, cells, SIDE, endpoint=False, dtype=np.float32)
    index = at.astype(int)
    f = at - index
    f = f * f * (3 - 2 * f)
    weights = np.zeros((SIDE, cells + 1), np.float32)
    weights[np.arange(SIDE), index] = 1 - f
    weights[np.arange(SIDE), index + 1] = f
    return weights
