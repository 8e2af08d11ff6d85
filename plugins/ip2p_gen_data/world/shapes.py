"""The things of the world as layers of coverage and colour, from distances: anti-aliased without supersampling.

A shape works in its own coordinates: u to the right from its middle, v up from where it stands; it is 1 high and at
most 1 wide. `px` is its height in pixels. Distances are negative inside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .light import RGB

Array = NDArray[np.floating[Any]]  # float32 as far as it matters

_BROWN: RGB = (0.36, 0.23, 0.13)
_DOOR: RGB = (0.24, 0.15, 0.10)
_PANE: RGB = (0.80, 0.90, 0.96)
_LAMP: RGB = (1.70, 1.35, 0.60)  # above 1: a lit window shines through the darkness of the night's tint


@dataclass(frozen=True)
class Layer:
    """Where (h, w, in [0, 1]) and in what light: `shade` times the thing's colour, or times `colour` where given."""

    coverage: Array
    shade: Array | float
    colour: RGB | None = None


Shape = Callable[[Array, Array, float, bool], list[Layer]]


def ball(u: Array, v: Array, px: float, night: bool) -> list[Layer]:
    d = np.hypot(u, v - 0.5) - 0.5
    light = 1.28 - 0.95 * np.hypot(u + 0.17, v - 0.68)
    return [Layer(_inside(d, px), _rimmed(light, d, px))]


def box(u: Array, v: Array, px: float, night: bool) -> list[Layer]:
    front = _rectangle(u + 0.09, v - 0.38, 0.37, 0.38)
    slant = u - 0.18 * np.clip((v - 0.76) / 0.24, 0, 1)
    top = _rectangle(slant + 0.09, v - 0.87, 0.37, 0.13)
    drop = v - 0.24 * np.clip((u - 0.28) / 0.18, 0, 1)
    side = _rectangle(u - 0.37, drop - 0.38, 0.10, 0.38)
    return [
        Layer(_inside(side, px), 0.58),
        Layer(_inside(top, px), 1.22),
        Layer(_inside(front, px), _rimmed(0.94 - 0.10 * u, front, px)),
    ]


def cone(u: Array, v: Array, px: float, night: bool) -> list[Layer]:
    slope = 0.42
    d = np.maximum((np.abs(u) - slope * (1 - v)) / np.float32(np.hypot(1, slope)), -v + 0.5 * u * u - 0.04)
    across = u / np.maximum(slope * (1 - v), 0.05)
    return [Layer(_inside(d, px), _rimmed(1.02 - 0.38 * np.clip(across, -0.8, 1), d, px))]


def tree(u: Array, v: Array, px: float, night: bool) -> list[Layer]:
    trunk = _rectangle(u, v - 0.22, 0.075, 0.22)
    lobes = ((-0.25, 0.53, 0.21), (0.25, 0.53, 0.21), (0.0, 0.74, 0.26), (0.0, 0.50, 0.20))
    d = np.full_like(u, 9.0)
    light = np.full_like(u, 0.8)
    for x, y, radius in lobes:
        distance = np.hypot(u - x, v - y)
        d = np.minimum(d, distance - radius)
        lit = 1.22 - 1.35 * np.hypot(u - x + 0.08, v - y - 0.10)
        light = np.where(distance < radius, np.maximum(light, lit), light)
    return [Layer(_inside(trunk, px), 1.0, _BROWN), Layer(_inside(d, px), _rimmed(light, d, px))]


def house(u: Array, v: Array, px: float, night: bool) -> list[Layer]:
    walls = _rectangle(u, v - 0.27, 0.38, 0.27)
    roof = np.maximum((v - 1 + 0.96 * np.abs(u)) / np.float32(np.hypot(1, 0.96)), 0.50 - v)
    door = _rectangle(u - 0.17, v - 0.15, 0.085, 0.15)
    window = _rectangle(u + 0.15, v - 0.29, 0.095, 0.085)
    return [
        Layer(_inside(walls, px), _rimmed(1.0 - 0.15 * u, walls, px)),
        Layer(_inside(roof, px), _rimmed(0.66 - 0.20 * u, roof, px)),
        Layer(_inside(door, px), 1.0, _DOOR),
        Layer(_inside(window, px), 1.0, _LAMP if night else _PANE),
    ]


def boat(u: Array, v: Array, px: float, night: bool) -> list[Layer]:
    hull = np.maximum((np.abs(u) - 0.33 - 0.62 * v) * np.float32(0.85), np.maximum(-v, v - 0.25))
    mast = _rectangle(u + 0.03, v - 0.60, 0.022, 0.40)
    sail = np.maximum(np.maximum(0.02 - u, (u - 0.46 * (1 - v) / 0.66) * np.float32(0.8)), 0.34 - v)
    jib = np.maximum(np.maximum(u + 0.08, (-u - 0.08 - 0.36 * (0.86 - v) / 0.52) * np.float32(0.8)), 0.34 - v)
    return [
        Layer(_inside(mast, px), 1.0, _BROWN),
        Layer(_inside(sail, px), 1.15 - 0.4 * u),
        Layer(_inside(jib, px), 0.98),
        Layer(_inside(hull, px), _rimmed(0.80 - 0.2 * u + 0 * v, hull, px)),
    ]


def star(u: Array, v: Array, px: float, night: bool) -> list[Layer]:
    """Five points: folded into half a point, then the distance to its edge."""
    w = v - 0.455
    angle = np.abs((np.arctan2(u, w) / (2 * np.pi / 5) + 0.5) % 1 - 0.5) * np.float32(2 * np.pi / 5)
    radius = np.hypot(u, w)
    outer, inner = 0.545, 0.235
    along, across = radius * np.cos(angle), radius * np.sin(angle)
    tip = np.pi / 5
    ex, ey = inner * np.cos(tip) - outer, inner * np.sin(tip)
    d = ((along - outer) * ey - across * ex) / np.float32(np.hypot(ex, ey))
    facet = np.sin(np.arctan2(u, w) * 5)  # each point has a lit and a dark side
    return [Layer(_inside(d, px), 1.02 + 0.20 * np.tanh(-3 * facet) - 0.2 * u)]


SHAPES: dict[str, Shape] = {
    "ball": ball,
    "box": box,
    "cone": cone,
    "tree": tree,
    "house": house,
    "boat": boat,
    "star": star,
}


def _rectangle(u: Array, v: Array, half_width: float, half_height: float) -> Array:
    """Distance to a rectangle around the origin (exact on its sides)."""
    return np.maximum(np.abs(u) - half_width, np.abs(v) - half_height)


def _inside(d: Array, px: float) -> Array:
    """Share of a pixel inside, of the distance to the edge in heights."""
    return np.clip(0.5 - d * px, 0.0, 1.0)


def _rimmed(light: Array, d: Array, px: float) -> Array:
    """A darker edge, one pixel wide: things stand out from a ground of nearly their own colour."""
    return light * (1 - 0.35 * np.clip(1.6 + d * px, 0.0, 1.0))
