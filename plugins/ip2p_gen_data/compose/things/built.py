"""What people build: house, lighthouse, castle, tent, windmill, fence, bench, skyline; and mountains, as wide as it."""

from __future__ import annotations

from itertools import pairwise
from math import cos, pi, sin

import numpy as np

from .colours import COLOURS, DARK, GLASS, RGB, WHITE, WOOD, darker, lighter, mixed
from .pen import Pen


def house(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    pen.rectangle(0.68, 0.08, 0.80, 0.40, (0.55, 0.25, 0.20))
    pen.rectangle(0.10, 0.44, 0.90, 1.0, colour)
    pen.polygon(
        [(0.0, 0.48), (0.5, 0.04), (1.0, 0.48)], (0.50, 0.20, 0.15) if colour[0] < 0.7 or colour[1] > 0.4 else DARK
    )
    pen.rectangle(0.42, 0.66, 0.60, 1.0, WOOD)
    for x in (0.18, 0.68):
        pen.rectangle(x - 0.02, 0.58, x + 0.17, 0.82, WHITE)
        pen.rectangle(x, 0.60, x + 0.15, 0.80, GLASS)
        pen.rectangle(x + 0.065, 0.60, x + 0.085, 0.80, WHITE)


def lighthouse(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    def half(y: float) -> float:
        return 0.22 + 0.20 * (y - 0.24) / 0.76

    edges = np.linspace(0.24, 1.0, 6)
    for i, (top, low) in enumerate(pairwise(edges)):
        tone = WHITE if i % 2 else colour
        pen.polygon(
            [(0.5 - half(top), top), (0.5 + half(top), top), (0.5 + half(low), low), (0.5 - half(low), low)], tone
        )
    pen.rectangle(0.18, 0.21, 0.82, 0.255, DARK)
    pen.rectangle(0.34, 0.10, 0.66, 0.21, COLOURS["yellow"])
    pen.polygon([(0.26, 0.11), (0.5, 0.0), (0.74, 0.11)], colour)
    pen.rectangle(0.42, 0.86, 0.58, 1.0, DARK)


def castle(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    pen.rectangle(0.18, 0.46, 0.82, 1.0, darker(colour, 0.92))
    for x in np.arange(0.18, 0.80, 0.13):
        pen.rectangle(x, 0.40, x + 0.07, 0.48, darker(colour, 0.92))
    for x in (0.04, 0.72):
        pen.rectangle(x, 0.34, x + 0.24, 1.0, colour)
        pen.polygon([(x - 0.04, 0.36), (x + 0.12, 0.06), (x + 0.28, 0.36)], COLOURS["red"])
        pen.rectangle(x + 0.09, 0.48, x + 0.15, 0.62, DARK)
    pen.rectangle(0.39, 0.70, 0.61, 1.0, DARK)
    pen.ellipse(0.5, 0.70, 0.11, 0.10, DARK)


def tent(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    pen.polygon([(0.36, 0.06), (0.66, 0.0), (1.0, 0.92), (0.74, 1.0)], darker(colour, 0.68))
    pen.polygon([(0.36, 0.06), (0.74, 1.0), (0.0, 1.0)], colour)
    pen.polygon([(0.36, 0.28), (0.50, 1.0), (0.24, 1.0)], DARK)


def windmill(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    pen.polygon([(0.36, 0.36), (0.64, 0.36), (0.74, 1.0), (0.26, 1.0)], colour)
    pen.smooth([(0.32, 0.38), (0.42, 0.24), (0.58, 0.24), (0.68, 0.38)], (0.52, 0.22, 0.16))
    pen.rectangle(0.43, 0.82, 0.57, 1.0, WOOD)
    turn = rng.uniform(0, pi / 2)
    for blade in range(4):
        a = turn + blade * pi / 2
        x, y, nx, ny = cos(a) * 0.46, sin(a) * 0.46 * pen.aspect, -sin(a) * 0.09, cos(a) * 0.09 * pen.aspect
        pen.polygon(
            [(0.5 + 0.2 * x, 0.34 + 0.2 * y), (0.5 + x, 0.34 + y), (0.5 + x + nx, 0.34 + y + ny)]
            + [(0.5 + 0.2 * x + nx, 0.34 + 0.2 * y + ny)],
            (0.93, 0.92, 0.88),
        )
        pen.line([(0.5, 0.34), (0.5 + x, 0.34 + y)], WOOD, 0.022)
    pen.disc(0.5, 0.34, 0.03, DARK)


def fence(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    """Pickets over the whole box."""
    for y in (0.36, 0.70):
        pen.rectangle(0.0, y, 1.0, y + 0.12, darker(colour, 0.82))
    count = max(5, round(pen.aspect * 2.2))
    for i in range(count):
        x, half = (i + 0.5) / count, 0.33 / count
        pen.polygon([(x - half, 0.16), (x, 0.0), (x + half, 0.16), (x + half, 1.0), (x - half, 1.0)], colour)


def bench(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    for x in (0.12, 0.82):
        pen.rectangle(x, 0.05, x + 0.06, 1.0, DARK)
    for y in (0.06, 0.24):
        pen.rectangle(0.02, y, 0.98, y + 0.13, colour)
    pen.polygon([(0.06, 0.48), (0.94, 0.48), (1.0, 0.66), (0.0, 0.66)], lighter(colour, 0.15))
    pen.rectangle(0.0, 0.66, 1.0, 0.72, darker(colour, 0.7))


def skyline(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    """High-rise buildings side by side, lit windows in them, over the whole box."""
    for row in (0, 1):
        left = -0.05
        while left < 1.0:
            wide = rng.uniform(0.08, 0.14)
            top = rng.uniform(0.02, 0.55) if row == 0 else rng.uniform(0.35, 0.75)
            tone = mixed(colour, (0.30, 0.34, 0.42), rng.uniform(0.1, 0.6))
            tone = lighter(tone, 0.25) if row == 0 else tone
            pen.rectangle(left, top, left + wide - 0.006, 1.0, tone)
            for y in np.arange(top + 0.05, 0.98, 0.095):
                for x in np.arange(left + 0.014, left + wide - 0.03, 0.032):
                    pen.rectangle(
                        x, y, x + 0.017, y + 0.05, (0.95, 0.88, 0.58) if rng.random() < 0.45 else darker(tone, 0.6)
                    )
            left += wide


def mountains(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    """Peaks with snow, side by side, over the whole box."""
    for layer, tone in ((0, lighter(colour, 0.35)), (1, colour)):
        peaks = [(x + rng.uniform(-0.06, 0.06), rng.uniform(0.02, 0.22) + 0.22 * layer) for x in (0.12, 0.46, 0.8)]
        for x, top in peaks if layer == 0 else [(x + 0.17, y) for x, y in peaks]:
            half = rng.uniform(0.28, 0.36)
            pen.polygon([(x - half, 1.0), (x, top), (x + half, 1.0)], darker(tone, 0.72))
            pen.polygon([(x - half, 1.0), (x, top), (x + half * 0.15, 1.0)], tone)
            snow = top + 0.26 * (1 - top)
            reach = half * 0.26
            pen.polygon(
                [(x - reach, snow), (x, top), (x + reach, snow), (x + reach * 0.4, snow - 0.05), (x, snow + 0.05)]
                + [(x - reach * 0.4, snow - 0.04)],
                WHITE,
            )
