"""Where a picture changed: energy above the noise of a codec, and the smallest window that holds most of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ip2p_eval.measures import Pair, Photo
from ip2p_eval.pixels import Array, Mask, blur

CELL = 4  # px: windows are found on a grid of such cells
MOST = 0.7  # share of the energy that has to lie in one place
_LEAST_FLOOR, _MOST_FLOOR = 6.0, 12.0  # CIELab units: less is the noise of a codec
_MOST_CODEC, _SPREAD = 12.0, 3.0  # an editor that does more unasked is not let off; px: noise moves about
_SIDES = (4, 6, 8, 10, 13, 16, 20, 25, 32, 40, 50, 64)  # of windows, in cells


@dataclass(frozen=True)
class Box:
    """A window in pixels; right and bottom lie outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def area(self) -> int:
        return max(0, self.right - self.left) * max(0, self.bottom - self.top)

    def grown(self, share: float, shape: tuple[int, ...]) -> Box:
        """Larger by a share of its side on every side, cut to a picture of `shape` (h, w)."""
        dx, dy = round(share * (self.right - self.left)), round(share * (self.bottom - self.top))
        left, top = max(0, self.left - dx), max(0, self.top - dy)
        return Box(left, top, min(shape[1], self.right + dx), min(shape[0], self.bottom + dy))

    def mask(self, shape: tuple[int, ...]) -> Mask:
        """(h, w) of bool."""
        inside = np.zeros(shape[:2], bool)
        inside[self.top : self.bottom, self.left : self.right] = True
        return inside


def _distance(one: Photo, other: Photo) -> Array:
    planes = [blur(np.ascontiguousarray((other.lab - one.lab)[..., c]), 1.5) for c in range(3)]
    return np.sqrt(np.square(planes).sum(axis=0)).astype(np.float32)


@dataclass(frozen=True)
class Change:
    """What an edit changed, for a pair of pictures of one size.

    `identity` is the first picture through the same editor with nothing asked for: what differs there is its codec.
    """

    pair: Pair
    identity: Photo | None = None

    @cached_property
    def distance(self) -> Array:
        """CIELab distance (h, w) of both pictures, slightly blurred: a codec's grain averages out."""
        return _distance(self.pair.before, self.pair.after)

    @cached_property
    def floor(self) -> Array:
        """The noise (h, w): 2.5 times what half of the picture differs by, within bounds (a local edit is smaller).

        Where the editor changes more than that with nothing asked for, twice as much (root mean square nearby).
        """
        plain = float(np.clip(2.5 * np.median(self.distance), _LEAST_FLOOR, _MOST_FLOOR))
        if self.identity is None:
            return np.full_like(self.distance, plain)
        codec = np.sqrt(blur(_distance(self.pair.before, self.identity) ** 2, _SPREAD))
        return np.maximum(plain, 2.0 * np.minimum(codec, _MOST_CODEC)).astype(np.float32)

    @cached_property
    def energy(self) -> Array:
        """Squared distance above the floor, (h, w)."""
        return np.maximum(self.distance**2 - self.floor**2, 0.0).astype(np.float32)

    @cached_property
    def total(self) -> float:
        return float(self.energy.sum())

    @property
    def visible(self) -> bool:
        """Whether anything changed that a person would see: at least 0.3 % of the picture, by 15 units or so."""
        return self.total >= 0.003 * self.energy.size * 15.0**2

    def share_in(self, region: Mask) -> float:
        """Share of the energy inside a region (h, w) of bool; 0 where nothing changed."""
        return float(self.energy[region].sum()) / self.total if self.total > 0 else 0.0

    @cached_property
    def window(self) -> Box | None:
        """The smallest window with MOST of the energy; None where nothing changed."""
        return smallest_window(self.energy) if self.total > 0 else None


def smallest_window(energy: Array) -> Box:
    """The window of least area that holds MOST of the energy, on a grid of cells; of several the fullest."""
    height, width = energy.shape
    rows, columns = np.arange(0, height, CELL), np.arange(0, width, CELL)
    cells = np.add.reduceat(np.add.reduceat(energy, rows, 0), columns, 1).astype(np.float64)
    table = np.pad(cells.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    best: tuple[int, float, Box] = (height * width + 1, 0.0, Box(0, 0, width, height))
    for h in sorted({min(side, len(rows)) for side in _SIDES}):
        for w in sorted({min(side, len(columns)) for side in _SIDES}):
            if h * w * CELL * CELL > best[0]:
                break
            sums = table[h:, w:] - table[:-h, w:] - table[h:, :-w] + table[:-h, :-w]
            top, left = np.unravel_index(int(sums.argmax()), sums.shape)
            share = float(sums[top, left]) / float(cells.sum())
            if share >= MOST and (h * w * CELL * CELL, -share) < (best[0], -best[1]):
                box = Box(int(left) * CELL, int(top) * CELL, int(left + w) * CELL, int(top + h) * CELL)
                best = (
                    h * w * CELL * CELL,
                    share,
                    Box(box.left, box.top, min(width, box.right), min(height, box.bottom)),
                )
    return best[2]
