"""Which colour a pixel would be called, from CIELab alone."""

from __future__ import annotations

import numpy as np

from ip2p_eval.pixels import Array, Mask

# name -> hue range in degrees (0 red, 90 yellow, 180 green, 270 blue; may wrap), least chroma, range of lightness
_HUES: dict[str, tuple[float, float, float, float, float]] = {
    "red": (5, 52, 32, 15, 75),
    "orange": (45, 78, 35, 40, 92),
    "yellow": (74, 112, 30, 50, 100),
    "green": (108, 195, 16, 12, 95),
    "blue": (235, 312, 20, 8, 85),
    "purple": (300, 345, 20, 8, 75),
    "pink": (325, 30, 16, 50, 97),
    "brown": (35, 88, 12, 10, 55),
}
COLOURS = (*_HUES, "white", "black", "grey")


def called(lab: Array, name: str) -> Mask:
    """Where (…, 3) CIELab has a colour of that name. Neighbouring names overlap: people disagree, too."""
    light, a, b = lab[..., 0], lab[..., 1], lab[..., 2]
    chroma = np.hypot(a, b)
    if name == "white":
        return (light >= 70) & (chroma <= 18)
    if name == "black":
        return (light <= 34) & (chroma <= 20)
    if name == "grey":
        return (light > 25) & (light < 85) & (chroma <= 14)
    start, stop, least, dark, bright = _HUES[name]
    hue = np.degrees(np.arctan2(b, a)) % 360
    inside = (hue >= start) & (hue < stop) if start < stop else (hue >= start) | (hue < stop)
    return inside & (chroma >= least) & (light >= dark) & (light <= bright)


def share_called(lab: Array, *names: str) -> float:
    """Share of the pixels (n, 3) that have one of these colours."""
    if not len(lab):
        return 0.0
    return float(np.logical_or.reduce([called(lab, name) for name in names]).mean())
