"""What flies: balloons, kite, plane, bird, butterfly, airship, rocket, flying saucer, helicopter."""

from __future__ import annotations

from math import cos, pi, sin

import numpy as np

from .colours import COLOURS, DARK, GLASS, RGB, WHITE, WOOD, darker, lighter
from .pen import Pen


def balloon(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    """A toy balloon on a string."""
    sway = rng.uniform(-0.12, 0.12)
    pen.line([(0.5, 0.66), (0.5 + sway, 0.78), (0.5 - sway, 0.9), (0.5, 1.0)], lighter(DARK, 0.3), 0.014)
    pen.polygon([(0.42, 0.71), (0.58, 0.71), (0.5, 0.62)], darker(colour, 0.7))
    pen.ball(0.5, 0.34, 0.45, 0.33, colour)
    pen.ellipse(0.34, 0.2, 0.07, 0.07, lighter(colour, 0.7))


def hot_air_balloon(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    stripe = COLOURS[("yellow", "white", "orange")[int(rng.integers(3))]]
    for x in (0.4, 0.6):
        pen.line([(0.5 + (x - 0.5) * 2.2, 0.64), (x, 0.86)], DARK, 0.014)
    pen.ball(0.5, 0.36, 0.46, 0.35, colour)
    pen.polygon([(0.14, 0.56), (0.86, 0.56), (0.60, 0.78), (0.40, 0.78)], darker(colour, 0.85))
    for x, wide in ((0.22, 0.10), (0.5, 0.16), (0.78, 0.10)):
        top, middle = 0.5 + (x - 0.5) * 0.3, 0.5 + (x - 0.5) * 1.15
        pen.polygon(
            [(top, 0.02), (middle + wide / 2, 0.36), (x * 0.6 + 0.2 + wide / 3, 0.66), (x * 0.4 + 0.3, 0.78)]
            + [(x * 0.6 + 0.2 - wide / 3, 0.66), (middle - wide / 2, 0.36)],
            darker(stripe, 0.95 - 0.15 * x),
        )
    pen.rectangle(0.39, 0.85, 0.61, 0.99, WOOD)
    pen.rectangle(0.37, 0.85, 0.63, 0.89, darker(WOOD, 0.7))


def kite(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    pen.line([(0.5, 0.66), (0.40, 0.80), (0.58, 0.90), (0.46, 1.0)], DARK, 0.016)
    for x, y in ((0.42, 0.79), (0.56, 0.89)):
        pen.polygon([(x - 0.12, y - 0.035), (x, y), (x - 0.12, y + 0.035)], lighter(colour, 0.4))
        pen.polygon([(x + 0.12, y - 0.035), (x, y), (x + 0.12, y + 0.035)], lighter(colour, 0.4))
    top, right, low, left = (0.5, 0.0), (0.92, 0.27), (0.5, 0.68), (0.08, 0.27)
    pen.polygon([top, right, (0.5, 0.27)], lighter(colour, 0.25))
    pen.polygon([top, left, (0.5, 0.27)], colour)
    pen.polygon([low, right, (0.5, 0.27)], darker(colour, 0.7))
    pen.polygon([low, left, (0.5, 0.27)], darker(colour, 0.88))
    pen.line([top, low], WOOD, 0.018)
    pen.line([left, right], WOOD, 0.018)


def plane(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    """An airliner from the side, nose to the right."""
    pen.polygon([(0.42, 0.44), (0.58, 0.44), (0.36, 0.12), (0.28, 0.12)], darker(colour, 0.68))
    pen.polygon([(0.04, 0.10), (0.14, 0.10), (0.26, 0.46), (0.08, 0.46)], darker(colour, 0.85))
    body = [(0.03, 0.44), (0.25, 0.37), (0.8, 0.36), (0.93, 0.42), (0.98, 0.52), (0.9, 0.6), (0.7, 0.64), (0.3, 0.62)]
    pen.smooth(body, colour)
    pen.polygon([(0.03, 0.45), (0.3, 0.53), (0.97, 0.53), (0.9, 0.60), (0.7, 0.64), (0.3, 0.62)], darker(colour, 0.8))
    for x in np.arange(0.32, 0.8, 0.085):
        pen.rectangle(x, 0.43, x + 0.045, 0.50, (0.25, 0.38, 0.55))
    pen.polygon([(0.86, 0.40), (0.925, 0.43), (0.95, 0.49), (0.86, 0.48)], (0.25, 0.38, 0.55))
    pen.polygon([(0.44, 0.56), (0.64, 0.56), (0.34, 0.98), (0.22, 0.98)], darker(colour, 0.92))


def bird(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    """A bird in flight, wings up, beak to the right."""
    lift = rng.uniform(-0.04, 0.10)
    pen.polygon([(0.36, 0.62), (0.56, 0.58), (0.30, 0.08 + lift), (0.18, 0.0 + lift)], darker(colour, 0.7))
    pen.smooth([(0.02, 0.62), (0.2, 0.64), (0.5, 0.54), (0.78, 0.52), (0.80, 0.66), (0.55, 0.80), (0.3, 0.78)], colour)
    pen.polygon([(0.0, 0.55), (0.24, 0.66), (0.22, 0.76), (0.02, 0.82)], darker(colour, 0.85))
    pen.disc(0.80, 0.54, 0.12, colour)
    pen.polygon([(0.86, 0.50), (1.0, 0.57), (0.86, 0.60)], COLOURS["orange"])
    pen.disc(0.83, 0.51, 0.028, WHITE if sum(colour) < 0.9 else DARK)
    pen.smooth(
        [(0.34, 0.66), (0.62, 0.62), (0.60, 0.30 + lift), (0.46, 0.02 + lift), (0.38, 0.3)], darker(colour, 0.88)
    )
    pen.ellipse(0.52, 0.72, 0.16, 0.06, lighter(colour, 0.5))


def butterfly(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    for side in (-1, 1):
        pen.ball(0.5 + side * 0.25, 0.32, 0.24, 0.29, colour)
        pen.ball(0.5 + side * 0.19, 0.70, 0.18, 0.23, darker(colour, 0.85))
        pen.ellipse(0.5 + side * 0.29, 0.27, 0.09, 0.11, lighter(colour, 0.6))
        pen.ellipse(0.5 + side * 0.21, 0.72, 0.07, 0.09, lighter(colour, 0.6))
        pen.line([(0.5, 0.22), (0.5 + side * 0.12, 0.03)], DARK, 0.025)
    pen.ellipse(0.5, 0.5, 0.05, 0.32, DARK)


def airship(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    for y in (0.12, 0.62):
        pen.polygon([(0.02, y), (0.12, y), (0.26, 0.42), (0.10, 0.46)], darker(colour, 0.7))
    pen.rectangle(0.38, 0.74, 0.66, 0.96, darker(DARK, 1.2))
    pen.ball(0.52, 0.43, 0.46, 0.38, colour)
    pen.polygon([(0.08, 0.40), (0.96, 0.40), (0.96, 0.50), (0.08, 0.50)], lighter(colour, 0.55))
    for x in (0.42, 0.50, 0.58):
        pen.rectangle(x, 0.80, x + 0.045, 0.89, GLASS)


def rocket(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    pen.polygon([(0.34, 0.80), (0.66, 0.80), (0.5, 1.0)], COLOURS["orange"])
    pen.polygon([(0.42, 0.80), (0.58, 0.80), (0.5, 0.93)], COLOURS["yellow"])
    for x in (0.06, 0.94):
        pen.polygon([(x, 0.84), (0.5 + (x - 0.5) * 0.4, 0.78), (0.5 + (x - 0.5) * 0.5, 0.5)], colour)
    pen.smooth([(0.5, 0.04), (0.72, 0.3), (0.74, 0.6), (0.66, 0.82), (0.34, 0.82), (0.26, 0.6), (0.28, 0.3)], WHITE)
    pen.polygon([(0.5, 0.02), (0.70, 0.26), (0.30, 0.26)], colour)
    pen.disc(0.5, 0.42, 0.085, darker(colour, 0.8))
    pen.disc(0.5, 0.42, 0.055, GLASS)
    pen.rectangle(0.29, 0.64, 0.71, 0.72, colour)


def flying_saucer(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    pen.ball(0.5, 0.40, 0.24, 0.36, GLASS)
    pen.ball(0.5, 0.60, 0.49, 0.25, colour)
    pen.ellipse(0.5, 0.50, 0.30, 0.09, darker(colour, 0.6))
    for x in (0.14, 0.32, 0.5, 0.68, 0.86):
        pen.disc(x, 0.66 + 0.07 * cos(pi * (x - 0.5)), 0.055, COLOURS["yellow"])


def helicopter(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    pen.polygon([(0.02, 0.36), (0.5, 0.40), (0.5, 0.56), (0.02, 0.44)], darker(colour, 0.8))
    pen.polygon([(0.0, 0.20), (0.09, 0.24), (0.12, 0.48), (0.02, 0.50)], colour)
    pen.ball(0.66, 0.55, 0.29, 0.29, colour)
    pen.polygon([(0.70, 0.33), (0.84, 0.38), (0.93, 0.56), (0.70, 0.58)], GLASS)
    pen.rectangle(0.62, 0.12, 0.66, 0.30, DARK)
    pen.rectangle(0.26, 0.09, 1.0, 0.15, DARK)
    for x in (0.54, 0.76):
        pen.line([(x, 0.80), (x, 0.93)], DARK, 0.04)
    pen.line([(0.42, 0.94), (0.92, 0.94)], DARK, 0.05)


def heart(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    t = np.linspace(0, 2 * pi, 60, endpoint=False)
    outline = [
        (0.5 + 0.47 * sin(a) ** 3, 0.46 - (13 * cos(a) - 5 * cos(2 * a) - 2 * cos(3 * a) - cos(4 * a)) / 34) for a in t
    ]
    for shrink, tone in ((1.0, darker(colour, 0.75)), (0.9, darker(colour, 0.9)), (0.75, colour)):
        pen.polygon([(0.49 + (x - 0.5) * shrink, 0.46 + (y - 0.48) * shrink) for x, y in outline], tone)
    pen.ellipse(0.28, 0.28, 0.07, 0.08, lighter(colour, 0.6))
