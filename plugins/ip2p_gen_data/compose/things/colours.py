"""Colours that instructions name, and what shades of them are made of. RGB in [0, 1]."""

from __future__ import annotations

import numpy as np

RGB = tuple[float, float, float]

COLOURS: dict[str, RGB] = {
    "red": (0.86, 0.10, 0.11),
    "orange": (0.98, 0.52, 0.05),
    "yellow": (0.98, 0.85, 0.12),
    "green": (0.13, 0.62, 0.20),
    "blue": (0.12, 0.32, 0.88),
    "purple": (0.52, 0.16, 0.72),
    "pink": (0.98, 0.45, 0.70),
    "white": (0.96, 0.96, 0.95),
    "black": (0.10, 0.10, 0.11),
    "brown": (0.47, 0.28, 0.13),
    "grey": (0.55, 0.56, 0.58),
}
WHITE: RGB = (0.97, 0.97, 0.96)
DARK: RGB = (0.16, 0.15, 0.17)
WOOD: RGB = (0.45, 0.29, 0.16)
GLASS: RGB = (0.66, 0.85, 0.95)


def shade_of(name: str, rng: np.random.Generator) -> RGB:
    """A colour that people call by that name; no two are quite the same."""
    r, g, b = np.clip(np.asarray(COLOURS[name]) + rng.uniform(-0.05, 0.05, 3), 0.02, 1.0)
    return float(r), float(g), float(b)


def darker(colour: RGB, amount: float) -> RGB:
    """The colour times `amount`."""
    return colour[0] * amount, colour[1] * amount, colour[2] * amount


def lighter(colour: RGB, amount: float) -> RGB:
    """The colour, `amount` of the way to white."""
    return mixed(colour, (1.0, 1.0, 1.0), amount)


def mixed(one: RGB, other: RGB, amount: float) -> RGB:
    """`one`, `amount` of the way to `other`."""
    r, g, b = (x + (y - x) * amount for x, y in zip(one, other, strict=True))
    return r, g, b
