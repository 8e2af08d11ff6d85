"""What grows: trees of several kinds, cactus, flower, mushroom, pumpkin."""

from __future__ import annotations

from math import cos, pi, sin

import numpy as np

from .colours import COLOURS, RGB, WHITE, WOOD, darker, lighter
from .pen import Pen


def tree(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    """A round crown of many balls on a trunk."""
    pen.polygon([(0.44, 0.55), (0.56, 0.55), (0.60, 1.0), (0.40, 1.0)], WOOD)
    pen.polygon([(0.51, 0.55), (0.56, 0.55), (0.60, 1.0), (0.52, 1.0)], darker(WOOD, 0.7))
    for _ in range(22):
        angle, far = rng.uniform(0, 2 * pi), rng.uniform(0, 1) ** 0.5
        x, y = 0.5 + 0.30 * far * cos(angle), 0.36 + 0.23 * far * sin(angle)
        tone = darker(
            colour, float(np.clip(1.15 - 0.9 * (y - 0.2) - 0.35 * (x - 0.4) + rng.uniform(-0.1, 0.1), 0.5, 1.2))
        )
        pen.disc(x, y, rng.uniform(0.10, 0.14), tone)


def pine(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    pen.rectangle(0.43, 0.85, 0.57, 1.0, WOOD)
    for top, low, half in ((0.46, 0.88, 0.48), (0.24, 0.64, 0.38), (0.0, 0.40, 0.28)):
        pen.polygon([(0.5, top), (0.5 + half, low), (0.5 - half, low)], darker(colour, 0.75))
        pen.polygon([(0.5, top), (0.5 + half * 0.25, low - 0.03), (0.5 - half * 0.92, low - 0.02)], colour)


def christmas_tree(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    pine(pen, colour, rng)
    tones = [COLOURS[name] for name in ("red", "yellow", "blue", "pink", "orange")]
    for i, (x, y) in enumerate(
        ((0.5, 0.26), (0.38, 0.42), (0.6, 0.5), (0.45, 0.6), (0.28, 0.76), (0.52, 0.8), (0.74, 0.78))
    ):
        pen.disc(x, y, 0.042, tones[i % len(tones)])
    pen.disc(0.5, 0.05, 0.055, COLOURS["yellow"])


def palm(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    lean = rng.uniform(-0.14, 0.14)
    foot = 0.5 + lean
    pen.polygon([(0.47, 0.28), (0.53, 0.28), (foot + 0.06, 1.0), (foot - 0.06, 1.0)], lighter(WOOD, 0.2))
    for y in np.arange(0.36, 1.0, 0.1):
        x = 0.5 + lean * (y - 0.28) / 0.72
        pen.rectangle(x - 0.045, y, x + 0.045, y + 0.022, darker(WOOD, 0.8))
    for angle in (-80, -35, 12, 168, 215, 260):
        a = angle * pi / 180
        tip = 0.5 + 0.48 * cos(a), 0.28 + 0.24 * sin(a) + 0.10 * abs(cos(a))
        bend = 0.5 + 0.30 * cos(a), 0.18 + 0.18 * sin(a)
        tone = darker(colour, 0.8 + 0.3 * (sin(a) < 0.2))
        pen.smooth([(0.5, 0.26), (bend[0], bend[1] - 0.04), tip, (bend[0], bend[1] + 0.08)], tone)
    for x in (0.46, 0.54):
        pen.disc(x, 0.31, 0.03, darker(WOOD, 0.7))


def cactus(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    def pillar(x: float, top: float, low: float, half: float) -> None:
        for shrink, tone in ((1.0, darker(colour, 0.7)), (0.6, colour), (0.2, lighter(colour, 0.25))):
            pen.disc(x, top, half * pen.aspect * shrink, tone)
            pen.rectangle(x - half * shrink, top, x + half * shrink, low, tone)

    high = rng.uniform(0.30, 0.40)
    for x, top, low in ((0.14, high, 0.62), (0.86, high - 0.08, 0.54)):
        pillar(x, top, low, 0.10)
        pen.rectangle(
            min(x, 0.5) - 0.1 * (x < 0.5), low - 0.05, max(x, 0.5) + 0.1 * (x > 0.5), low + 0.06, darker(colour, 0.8)
        )
    pillar(0.5, 0.14, 1.0, 0.16)


def flower(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    green = COLOURS["green"]
    pen.line([(0.5, 0.38), (0.5 + rng.uniform(-0.06, 0.06), 0.7), (0.5, 1.0)], darker(green, 0.8), 0.045)
    pen.smooth([(0.5, 0.84), (0.24, 0.66), (0.14, 0.72), (0.28, 0.84)], green)
    pen.smooth([(0.5, 0.90), (0.76, 0.72), (0.88, 0.78), (0.72, 0.90)], darker(green, 0.85))
    petals = int(rng.integers(5, 8))
    for petal in range(petals):
        a = 2 * pi * petal / petals + 0.3
        pen.ball(0.5 + 0.27 * cos(a), 0.30 + 0.27 * pen.aspect * sin(a), 0.20, 0.20 * pen.aspect, colour)
    pen.ball(
        0.5,
        0.30,
        0.16,
        0.16 * pen.aspect,
        COLOURS["yellow"] if colour[2] > 0.3 or colour[1] < 0.6 else COLOURS["brown"],
    )


def mushroom(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    pen.smooth([(0.40, 0.45), (0.60, 0.45), (0.66, 0.95), (0.5, 1.0), (0.34, 0.95)], (0.93, 0.88, 0.78))
    cap = [(0.03, 0.52), (0.10, 0.26), (0.34, 0.06), (0.66, 0.06), (0.90, 0.26), (0.97, 0.52), (0.5, 0.60)]
    pen.smooth(cap, colour)
    for x, y, r in (
        (0.30, 0.28, 0.08),
        (0.56, 0.18, 0.07),
        (0.74, 0.38, 0.075),
        (0.47, 0.43, 0.06),
        (0.16, 0.44, 0.05),
    ):
        pen.disc(x, y, r, WHITE)


def pumpkin(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    pen.polygon([(0.45, 0.20), (0.57, 0.20), (0.60, 0.0), (0.50, 0.02)], darker(COLOURS["green"], 0.7))
    for x, half, tone in (
        (0.22, 0.21, 0.76),
        (0.78, 0.21, 0.7),
        (0.36, 0.20, 0.9),
        (0.64, 0.20, 0.85),
        (0.5, 0.17, 1.0),
    ):
        pen.ball(x, 0.58, half, 0.40, darker(colour, tone))
