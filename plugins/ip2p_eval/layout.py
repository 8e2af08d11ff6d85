"""Is the layout of the photo still there? Blind to the sign and strength of contrast, so fog, night, negative pass."""

from __future__ import annotations

import numpy as np

from ip2p_eval.measures import Pair
from ip2p_eval.pixels import Array, blur, correlation, gradients

SCALES = (1.5, 3.0)  # blur in pixels at 256 px before edges are taken
DRAWN = frozenset({"oil-painting", "watercolor", "pencil-sketch", "cartoon", "pixel-art", "dreamy"})
LEAST = 0.40  # see tests: pairs of different photos stay below in 98 of 100 cases
LEAST_DRAWN = 0.30


def _structure(luma: Array, sigma: float) -> Array:
    """Locally normalised edge energy and its double-angle direction, (3, h, w): the same for a plane and its negative."""
    dx, dy = gradients(blur(luma, sigma))
    magnitude = np.hypot(dx, dy)
    local = blur(magnitude, 8 * sigma) + 0.1
    strength = magnitude / local
    safe = np.maximum(magnitude, 1e-6)
    cos2, sin2 = (dx * dx - dy * dy) / (safe * safe), 2 * dx * dy / (safe * safe)
    return np.stack([strength - strength.mean(), strength * cos2, strength * sin2])


def layout_score(pair: Pair) -> float:
    """Correlation in [-1, 1] of the edge structure before and after, the mean over scales."""
    scores = [correlation(_structure(pair.before.luma, s), _structure(pair.after.luma, s)) for s in SCALES]
    return float(np.mean(scores))


def kept(pair: Pair, family: str) -> bool:
    """Whether `layout_score` is at least what the family's way of drawing allows."""
    return layout_score(pair) >= (LEAST_DRAWN if family in DRAWN else LEAST)
