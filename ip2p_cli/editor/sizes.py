"""The size a photo is edited at. Integer arithmetic only: the same photo has the same size on every machine.

A photo keeps its aspect: it is scaled to fit a canvas whose sides are multiples of what the network needs and whose
area is about the checkpoint's own, and what is left of the canvas is padded. Nothing is cropped or stretched.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from ip2p_cli.errors import UsageError

MAX_SIDE = 4  # the long side of a canvas, in native sizes: keeps a 40000 x 500 strip from becoming a 2300-pixel one
PIXEL_WEIGHT = 4  # a missing pixel of detail costs more than an additional one, or one of padding, to compute


@dataclass(frozen=True)
class Fit:
    """Where a scaled photo lies on its canvas, in pixels."""

    width: int  # of the canvas
    height: int
    left: int
    top: int
    content_width: int  # of the photo on it
    content_height: int

    @property
    def padding(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """((top, bottom), (left, right))"""
        bottom = self.height - self.top - self.content_height
        return (self.top, bottom), (self.left, self.width - self.left - self.content_width)

    @property
    def window(self) -> tuple[slice, slice]:
        """The photo's rows and columns on the canvas."""
        rows = slice(self.top, self.top + self.content_height)
        return rows, slice(self.left, self.left + self.content_width)


def place(width: int, height: int, canvas_width: int, canvas_height: int) -> Fit:
    """Scale a photo to fit a given canvas, centred. Raises UsageError for sides below 1."""
    if min(width, height, canvas_width, canvas_height) < 1:
        raise UsageError(f"a photo of {width}x{height} pixels cannot be edited: it has no pixels")
    if canvas_width * height <= canvas_height * width:
        content_width, content_height = canvas_width, _scaled(height, canvas_width, width, canvas_height)
    else:
        content_width, content_height = _scaled(width, canvas_height, height, canvas_width), canvas_height
    left, top = (canvas_width - content_width) // 2, (canvas_height - content_height) // 2
    return Fit(canvas_width, canvas_height, left, top, content_width, content_height)


@lru_cache(maxsize=4096)
def fit(width: int, height: int, native: int, multiple: int) -> Fit:
    """The canvas for a photo of width x height: sides multiples of `multiple`, area about native x native."""
    native_area = native * native
    longest = max(native * MAX_SIDE // multiple, 1) * multiple
    best: tuple[tuple[int, int, int], Fit] | None = None
    for canvas_width in range(multiple, longest + 1, multiple):
        for canvas_height in range(multiple, longest + 1, multiple):
            area = canvas_width * canvas_height
            if area > 2 * native_area and area > multiple * multiple:
                break
            candidate = place(width, height, canvas_width, canvas_height)
            content = candidate.content_width * candidate.content_height
            cost = PIXEL_WEIGHT * max(native_area - content, 0) + max(area - native_area, 0) + (area - content)
            key = (cost, area, canvas_width)
            if best is None or key < best[0]:
                best = (key, candidate)
    assert best is not None  # the smallest canvas is always a candidate
    return best[1]


def _scaled(side: int, numerator: int, denominator: int, limit: int) -> int:
    """side · numerator / denominator, rounded to the nearest, within 1 … limit."""
    return min(max((2 * side * numerator + denominator) // (2 * denominator), 1), limit)
