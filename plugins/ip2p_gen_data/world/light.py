"""The colours of the world: skies and light by time and weather, grounds, things. RGB in [0, 1]."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RGB = tuple[float, float, float]


def rgb(colour: RGB) -> NDArray[np.float32]:
    """A colour as an array: (3,)."""
    return np.asarray(colour, np.float32)


@dataclass(frozen=True)
class Light:
    """Sky at the top, half way and at the horizon; what the light does to things; the veil that fog lays on them."""

    top: RGB
    middle: RGB
    horizon: RGB
    tint: RGB
    veil: float = 0.0  # share of the horizon's colour in what stands near; far away it is nearly all


LIGHTS: dict[tuple[str, str], Light] = {
    ("day", "clear"): Light((0.20, 0.48, 0.90), (0.44, 0.70, 0.96), (0.76, 0.90, 0.98), (1.00, 1.00, 1.00)),
    ("day", "fog"): Light((0.74, 0.78, 0.79), (0.79, 0.82, 0.82), (0.84, 0.86, 0.85), (0.95, 0.97, 0.98), 0.22),
    ("day", "rain"): Light((0.32, 0.38, 0.46), (0.44, 0.50, 0.57), (0.57, 0.62, 0.67), (0.78, 0.82, 0.87)),
    ("day", "snow"): Light((0.58, 0.66, 0.78), (0.69, 0.76, 0.86), (0.80, 0.85, 0.92), (0.90, 0.93, 0.98)),
    ("sunset", "clear"): Light((0.30, 0.24, 0.56), (0.82, 0.42, 0.47), (1.00, 0.68, 0.28), (1.00, 0.80, 0.66)),
    ("sunset", "fog"): Light((0.77, 0.58, 0.48), (0.86, 0.67, 0.52), (0.94, 0.76, 0.57), (0.98, 0.82, 0.70), 0.22),
    ("sunset", "rain"): Light((0.35, 0.24, 0.30), (0.52, 0.35, 0.34), (0.72, 0.48, 0.38), (0.86, 0.68, 0.60)),
    ("sunset", "snow"): Light((0.60, 0.47, 0.62), (0.76, 0.59, 0.67), (0.93, 0.73, 0.72), (0.96, 0.82, 0.80)),
    ("night", "clear"): Light((0.02, 0.03, 0.13), (0.05, 0.08, 0.23), (0.11, 0.16, 0.36), (0.58, 0.63, 0.84)),
    ("night", "fog"): Light((0.20, 0.23, 0.29), (0.25, 0.28, 0.34), (0.31, 0.34, 0.39), (0.60, 0.64, 0.75), 0.20),
    ("night", "rain"): Light((0.06, 0.08, 0.11), (0.10, 0.13, 0.17), (0.17, 0.20, 0.24), (0.52, 0.57, 0.68)),
    ("night", "snow"): Light((0.12, 0.15, 0.26), (0.18, 0.22, 0.34), (0.26, 0.31, 0.43), (0.58, 0.63, 0.80)),
}

THINGS: dict[str, RGB] = {
    "red": (0.86, 0.11, 0.11),
    "orange": (0.98, 0.49, 0.05),
    "yellow": (1.00, 0.87, 0.12),
    "green": (0.06, 0.56, 0.24),
    "blue": (0.10, 0.27, 0.92),
    "purple": (0.48, 0.13, 0.70),
    "pink": (1.00, 0.50, 0.74),
}

GROUNDS: dict[str, tuple[RGB, RGB]] = {  # far away, near
    "grass": ((0.58, 0.72, 0.36), (0.38, 0.58, 0.20)),
    "sand": ((0.92, 0.84, 0.66), (0.84, 0.70, 0.48)),
    "snow": ((0.90, 0.93, 0.97), (0.97, 0.98, 1.00)),
    "water": ((0.46, 0.68, 0.80), (0.13, 0.42, 0.58)),
    "road": ((0.50, 0.50, 0.51), (0.36, 0.36, 0.38)),
}
