"""The new thing that an edit has put into a picture: its outline and its colours, and the spots of a crowd."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ip2p_eval.local.change import Box, Change
from ip2p_eval.pixels import Array, Mask, correlation

_SPECK = 10  # px: smaller patches are no things
_SAME_EDGES = 0.6  # correlation: of pasted things at most 0.45, of recoloured photos at least 0.75
_OUTLINE = 0.75  # of the edges that were there: blurs leave less, pasted things more


@dataclass(frozen=True)
class Found:
    """Changed pixels in a window of a picture. Places are shares of its height and width.

    With a `core`, only patches that reach into it count.
    """

    change: Change
    box: Box
    core: Box | None = None

    @cached_property
    def mask(self) -> Mask:
        """What plainly changed inside the box, (h, w) of bool."""
        inside = self.box.mask(self.change.distance.shape)
        distance = self.change.distance
        most = float(np.percentile(distance[(self.core or self.box).mask(distance.shape)], 90))
        changed = inside & (distance > np.maximum(self.change.floor + 1.0, 0.2 * most))
        return changed if self.core is None else joined(changed, self.core.mask(distance.shape))

    @cached_property
    def _extent(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of nearly all of it, in pixels."""
        rows, columns = np.nonzero(self.mask)
        if not len(rows):
            return 0.0, 0.0, 1.0, 1.0
        left, right = np.percentile(columns, (2, 98))
        top, bottom = np.percentile(rows, (2, 98))
        return float(left), float(top), float(right) + 1, float(bottom) + 1

    @property
    def width(self) -> float:
        left, _, right, _ = self._extent
        return (right - left) / self.mask.shape[1]

    @property
    def height(self) -> float:
        _, top, _, bottom = self._extent
        return (bottom - top) / self.mask.shape[0]

    @property
    def longer(self) -> float:
        """Its longer side, of the picture's shorter one."""
        left, top, right, bottom = self._extent
        return max(right - left, bottom - top) / min(self.mask.shape)

    @property
    def aspect(self) -> float:
        """Width over height, in pixels."""
        left, top, right, bottom = self._extent
        return (right - left) / (bottom - top)

    @property
    def fill(self) -> float:
        """Its area over that of its bounding box: a disc 0.79, a diamond 0.5."""
        left, top, right, bottom = self._extent
        return float(self.mask.sum()) / max((right - left) * (bottom - top), 1.0)

    @cached_property
    def stands_alone(self) -> bool:
        """Whether around it little changed: a look of the whole picture outlines things, too, but changes all."""
        if not self.mask.any():
            return False
        energy, around = self.change.energy, self.box.mask(self.mask.shape) & ~self.mask
        return not around.any() or float(energy[around].mean()) <= 0.15 * float(energy[self.mask].mean())

    @cached_property
    def hides(self) -> bool:
        """Whether it covers what was there: a look of the whole picture leaves the same edges inside of it."""
        before, after = self.change.pair.before.edge[self.mask], self.change.pair.after.edge[self.mask]
        return bool(self.mask.any()) and correlation(before, after) <= _SAME_EDGES

    @cached_property
    def outlined(self) -> bool:
        """Whether edges lie along its outline, about as strong as those that were there: a blur leaves weaker ones."""
        outline = grown(self.mask) & grown(~self.mask)
        if not outline.any():
            return False
        before, after = (
            float(photo.edge[outline].mean()) for photo in (self.change.pair.before, self.change.pair.after)
        )
        return after >= _OUTLINE * before

    @property
    def area(self) -> float:
        return float(self.mask.mean())

    @property
    def middle(self) -> float:
        """Its middle's height, 0 at the top."""
        _, top, _, bottom = self._extent
        return (top + bottom) / 2 / self.mask.shape[0]

    @property
    def foot(self) -> float:
        return self._extent[3] / self.mask.shape[0]

    @cached_property
    def top_heaviness(self) -> float:
        """How much of it lies in the upper half of its own height: 0.5 evenly, a tree above, a boat below."""
        _, top, _, bottom = self._extent
        rows = np.nonzero(self.mask)[0]
        return float((rows < (top + bottom) / 2).mean()) if len(rows) else 0.0

    @cached_property
    def lab(self) -> Array:
        """The colours of its pixels, (n, 3)."""
        return self.change.pair.after.lab[self.mask]

    @property
    def light(self) -> float:
        """Median lightness."""
        return float(np.median(self.lab[:, 0])) if len(self.lab) else 0.0

    @property
    def chroma(self) -> float:
        """Median chroma."""
        return float(np.median(np.hypot(self.lab[:, 1], self.lab[:, 2]))) if len(self.lab) else 0.0

    @cached_property
    def contrast(self) -> float:
        """Median distance of its pixels from what was there."""
        return float(np.median(self.change.distance[self.mask])) if self.mask.any() else 0.0


def grown(mask: Mask) -> Mask:
    """A mask (h, w) and the pixels above, below, left and right of it."""
    wider = mask.copy()
    wider[1:] |= mask[:-1]
    wider[:-1] |= mask[1:]
    wider[:, 1:] |= mask[:, :-1]
    wider[:, :-1] |= mask[:, 1:]
    return wider


def joined(mask: Mask, core: Mask) -> Mask:
    """The part of a mask (h, w) that hangs together with what of it lies in the core."""
    found = mask & core
    while True:
        wider = grown(found) & mask
        if (wider == found).all():
            return found
        found = wider


def patches(mask: Mask) -> list[int]:
    """Areas of the connected patches of a mask, the largest first; specks are left out."""
    left = mask.copy()
    areas = []
    height, width = mask.shape
    for start in zip(*np.nonzero(mask), strict=True):
        if not left[start]:
            continue
        stack, area = [start], 0
        left[start] = False
        while stack:
            y, x = stack.pop()
            area += 1
            for at in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                if 0 <= at[0] < height and 0 <= at[1] < width and left[at]:
                    left[at] = False
                    stack.append(at)
        if area >= _SPECK:
            areas.append(area)
    return sorted(areas, reverse=True)
