"""What floats: sailing boat, rowing boat, ship, rubber duck, whale."""

from __future__ import annotations

import numpy as np

from .colours import COLOURS, DARK, RGB, WHITE, WOOD, darker, lighter
from .pen import Pen

_RIPPLE: RGB = (0.62, 0.78, 0.86)


def _ripples(pen: Pen) -> None:
    """The water that a hull lies in, for it stands on anything."""
    pen.ellipse(0.5, 0.93, 0.50, 0.06, _RIPPLE)
    pen.ellipse(0.46, 0.92, 0.40, 0.03, lighter(_RIPPLE, 0.5))


def sailing_boat(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    _ripples(pen)
    pen.rectangle(0.48, 0.02, 0.51, 0.76, WOOD)
    pen.fade([(0.53, 0.04), (0.53, 0.68), (0.92, 0.68)], WHITE, (0.80, 0.83, 0.88))
    pen.fade([(0.46, 0.12), (0.46, 0.68), (0.12, 0.68)], lighter(colour, 0.35), darker(lighter(colour, 0.3), 0.85))
    pen.polygon([(0.03, 0.72), (0.97, 0.72), (0.80, 0.94), (0.18, 0.94)], colour)
    pen.polygon([(0.03, 0.72), (0.97, 0.72), (0.94, 0.77), (0.06, 0.77)], lighter(colour, 0.5))


def rowing_boat(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    pen.ellipse(0.5, 0.84, 0.50, 0.15, _RIPPLE)
    pen.smooth(
        [(0.02, 0.30), (0.25, 0.40), (0.75, 0.40), (0.98, 0.30), (0.86, 0.78), (0.5, 0.88), (0.14, 0.78)], colour
    )
    pen.ellipse(0.5, 0.42, 0.42, 0.10, darker(WOOD, 0.8))
    for x in (0.36, 0.60):
        pen.rectangle(x, 0.33, x + 0.09, 0.52, lighter(WOOD, 0.3))
    pen.line([(0.42, 0.46), (0.16, 0.92)], lighter(WOOD, 0.4), 0.07)
    pen.line([(0.62, 0.46), (0.88, 0.92)], lighter(WOOD, 0.4), 0.07)


def ship(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    """A steamer with funnels, bow to the right."""
    _ripples(pen)
    pen.polygon([(0.02, 0.58), (0.98, 0.54), (0.86, 0.94), (0.12, 0.94)], colour)
    pen.polygon([(0.02, 0.58), (0.98, 0.54), (0.96, 0.61), (0.03, 0.64)], WHITE)
    pen.rectangle(0.16, 0.40, 0.76, 0.59, WHITE)
    pen.rectangle(0.26, 0.26, 0.66, 0.41, (0.88, 0.89, 0.91))
    for x in (0.34, 0.50):
        pen.rectangle(x, 0.04, x + 0.10, 0.27, COLOURS["orange"])
        pen.rectangle(x, 0.04, x + 0.10, 0.10, DARK)
    for x in np.arange(0.20, 0.72, 0.10):
        pen.rectangle(x, 0.45, x + 0.055, 0.53, (0.2, 0.32, 0.45))


def duck(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    """A rubber duck."""
    _ripples(pen)
    pen.smooth([(0.04, 0.44), (0.18, 0.58), (0.6, 0.52), (0.86, 0.6), (0.82, 0.86), (0.5, 0.94), (0.16, 0.84)], colour)
    pen.ball(0.66, 0.30, 0.23, 0.27, colour)
    pen.smooth([(0.22, 0.62), (0.45, 0.58), (0.58, 0.70), (0.40, 0.80)], darker(colour, 0.84))
    pen.polygon([(0.84, 0.28), (1.0, 0.34), (0.85, 0.42)], COLOURS["orange"])
    pen.disc(0.73, 0.24, 0.045, DARK)


def whale(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    _ripples(pen)
    for x, y in ((0.62, 0.02), (0.72, 0.0), (0.82, 0.02)):
        pen.line([(0.72, 0.34), (x, y + 0.06)], (0.75, 0.9, 0.98), 0.05)
    pen.polygon([(0.0, 0.28), (0.10, 0.42), (0.20, 0.26), (0.18, 0.62), (0.06, 0.62)], darker(colour, 0.85))
    pen.smooth([(0.08, 0.55), (0.3, 0.62), (0.55, 0.36), (0.85, 0.36), (0.97, 0.65), (0.85, 0.92), (0.3, 0.92)], colour)
    pen.smooth([(0.3, 0.82), (0.9, 0.78), (0.84, 0.92), (0.4, 0.93)], lighter(colour, 0.65))
    pen.disc(0.82, 0.58, 0.05, WHITE)
    pen.disc(0.83, 0.58, 0.028, DARK)
