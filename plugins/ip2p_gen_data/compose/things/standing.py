"""What stands or lies about: snowman, umbrella, ball, car, present, flag, camp fire, hat, apple, cake, dinosaur."""

from __future__ import annotations

from math import cos, pi, sin

import numpy as np

from .colours import COLOURS, DARK, GLASS, RGB, WHITE, WOOD, darker, lighter
from .pen import Pen, star


def snowman(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    snow = (0.97, 0.98, 1.0)
    for side in (-1, 1):
        pen.line([(0.5 + side * 0.2, 0.52), (0.5 + side * 0.48, 0.36)], WOOD, 0.03)
    pen.ball(0.5, 0.80, 0.36, 0.20, snow)
    pen.ball(0.5, 0.52, 0.28, 0.17, snow)
    pen.rectangle(0.28, 0.38, 0.72, 0.43, colour)
    pen.rectangle(0.60, 0.40, 0.69, 0.54, darker(colour, 0.85))
    pen.ball(0.5, 0.27, 0.22, 0.14, snow)
    pen.rectangle(0.34, 0.01, 0.66, 0.14, DARK)
    pen.rectangle(0.24, 0.13, 0.76, 0.165, DARK)
    for x in (0.42, 0.58):
        pen.disc(x, 0.24, 0.018, DARK)
    pen.polygon([(0.5, 0.26), (0.5, 0.30), (0.74, 0.30)], COLOURS["orange"])
    for y in (0.50, 0.58, 0.74):
        pen.disc(0.48, y, 0.018, DARK)


def umbrella(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    """A beach umbrella."""
    pen.rectangle(0.485, 0.05, 0.515, 1.0, WOOD)
    ribs = 6
    rim = [0.02 + 0.96 * i / ribs for i in range(ribs + 1)]
    for i in range(ribs):
        tone = colour if i % 2 == 0 else WHITE
        bow = [(rim[i] + (rim[i + 1] - rim[i]) * t, 0.46 - 0.05 * sin(pi * t)) for t in np.linspace(0, 1, 6)]
        outer = [(0.5 + (rim[i + 1] - 0.5) * cos(a), 0.46 - 0.40 * sin(a)) for a in np.linspace(0, pi / 2, 9)]
        inner = [(0.5 + (rim[i] - 0.5) * cos(a), 0.46 - 0.40 * sin(a)) for a in np.linspace(pi / 2, 0, 9)]
        pen.polygon([*bow, *outer, *inner], darker(tone, 1.05 - 0.05 * i))


def ball(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    """A beach ball: one colour and white."""
    pen.ball(0.5, 0.5, 0.47, 0.47, colour)
    turn = rng.uniform(0, pi)
    for k in range(2):
        a = turn + k * pi
        wedge = [(0.5 + 0.455 * cos(a + d), 0.5 + 0.455 * sin(a + d)) for d in np.linspace(-0.35, 0.35, 9)]
        pen.polygon([(0.5, 0.5), *wedge], (0.93, 0.93, 0.93))
    pen.disc(0.5, 0.5, 0.07, WHITE)


def car(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    """A small car from the side, front to the right."""
    pen.smooth([(0.18, 0.48), (0.30, 0.10), (0.62, 0.08), (0.80, 0.48)], colour)
    pen.polygon([(0.27, 0.44), (0.34, 0.18), (0.47, 0.17), (0.47, 0.44)], GLASS)
    pen.polygon([(0.51, 0.44), (0.51, 0.17), (0.61, 0.18), (0.72, 0.44)], GLASS)
    pen.smooth([(0.02, 0.50), (0.2, 0.42), (0.8, 0.43), (0.97, 0.54), (0.98, 0.76), (0.5, 0.80), (0.02, 0.78)], colour)
    pen.rectangle(0.03, 0.68, 0.97, 0.78, darker(colour, 0.72))
    for x in (0.24, 0.76):
        pen.disc(x, 0.79, 0.20, DARK)
        pen.disc(x, 0.79, 0.10, (0.75, 0.76, 0.78))
    pen.disc(0.93, 0.58, 0.06, (1.0, 0.95, 0.6))


def present(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    ribbon = COLOURS["yellow"] if colour[2] > 0.3 or colour[1] < 0.5 else COLOURS["red"]
    for x in (0.33, 0.67):
        pen.ball(x, 0.14, 0.17, 0.12, ribbon)
    pen.rectangle(0.06, 0.36, 0.94, 1.0, colour)
    pen.rectangle(0.02, 0.22, 0.98, 0.40, darker(colour, 0.86))
    pen.rectangle(0.42, 0.22, 0.58, 1.0, ribbon)


def flag(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    pen.rectangle(0.08, 0.0, 0.14, 1.0, (0.78, 0.78, 0.80))
    wave = [(0.14 + 0.84 * t, 0.05 + 0.04 * sin(6 * t)) for t in np.linspace(0, 1, 14)]
    pen.polygon([*wave, *[(x, y + 0.42) for x, y in reversed(wave)]], colour)
    for x in (0.40, 0.78):
        pen.polygon([(x, 0.06), (x + 0.10, 0.06), (x + 0.10, 0.46), (x, 0.46)], darker(colour, 0.85))


def camp_fire(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    for x0, x1 in ((0.08, 0.9), (0.92, 0.1)):
        pen.line([(x0, 0.84), (x1, 0.97)], WOOD, 0.10)
    for size, tone in ((1.0, COLOURS["red"]), (0.72, COLOURS["orange"]), (0.44, COLOURS["yellow"])):
        flame = [
            (0.5, 0.0),
            (0.66, 0.26),
            (0.86, 0.40),
            (0.84, 0.8),
            (0.5, 0.92),
            (0.16, 0.8),
            (0.16, 0.42),
            (0.36, 0.3),
        ]
        pen.smooth([(0.5 + (x - 0.5) * size, 0.90 + (y - 0.92) * size) for x, y in flame], tone)


def apple(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    pen.line([(0.5, 0.28), (0.56, 0.04)], WOOD, 0.05)
    pen.smooth([(0.56, 0.14), (0.72, 0.02), (0.90, 0.06), (0.74, 0.18)], COLOURS["green"])
    pen.ball(0.36, 0.60, 0.33, 0.38, colour)
    pen.ball(0.64, 0.60, 0.33, 0.38, darker(colour, 0.95))
    pen.ellipse(0.48, 0.62, 0.22, 0.34, colour)
    pen.ellipse(0.26, 0.46, 0.06, 0.09, lighter(colour, 0.7))


def cake(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    for x in (0.3, 0.5, 0.7):
        pen.rectangle(x - 0.025, 0.12, x + 0.025, 0.36, WHITE)
        pen.ellipse(x, 0.08, 0.035, 0.07, COLOURS["orange"])
    pen.rectangle(0.18, 0.36, 0.82, 0.64, lighter(colour, 0.4))
    pen.rectangle(0.04, 0.62, 0.96, 0.98, colour)
    for x in np.arange(0.09, 0.96, 0.14):
        pen.ellipse(x, 0.64, 0.075, 0.08, WHITE)
    for x in np.arange(0.24, 0.82, 0.13):
        pen.ellipse(x, 0.38, 0.07, 0.06, WHITE)


def hat(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    """A top hat."""
    pen.polygon([(0.22, 0.02), (0.78, 0.02), (0.74, 0.80), (0.26, 0.80)], colour)
    pen.ellipse(0.5, 0.84, 0.49, 0.13, darker(colour, 0.85))
    pen.rectangle(0.26, 0.60, 0.74, 0.76, WHITE if sum(colour) < 1.5 else COLOURS["red"])


def crown(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    pen.polygon(
        [(0.04, 0.18), (0.27, 0.55), (0.5, 0.05), (0.73, 0.55), (0.96, 0.18), (0.88, 0.96), (0.12, 0.96)], colour
    )
    pen.rectangle(0.12, 0.78, 0.88, 0.96, darker(colour, 0.8))
    for x, tone in ((0.28, "red"), (0.5, "blue"), (0.72, "green")):
        pen.disc(x, 0.87, 0.07, COLOURS[tone])
    for x, y in ((0.05, 0.16), (0.5, 0.06), (0.95, 0.16)):
        pen.disc(x, y, 0.06, lighter(colour, 0.4))


def sheep(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    """A sheep from the side, head to the right."""
    for x in (0.24, 0.36, 0.60, 0.70):
        pen.rectangle(x, 0.66, x + 0.06, 1.0, DARK)
    for angle in np.linspace(0, 2 * pi, 12, endpoint=False):
        pen.disc(0.45 + 0.30 * cos(angle), 0.46 + 0.23 * sin(angle), 0.16, darker(colour, 0.96 - 0.12 * sin(angle)))
    pen.ellipse(0.45, 0.45, 0.32, 0.26, colour)
    pen.ellipse(0.85, 0.36, 0.13, 0.17, DARK)
    pen.ellipse(0.74, 0.28, 0.07, 0.06, DARK)
    pen.disc(0.88, 0.31, 0.028, WHITE)


def big_star(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    """One large five-pointed star."""
    pen.polygon(star(0.5, 0.53, 0.49, 0.51), darker(colour, 0.8))
    pen.polygon(star(0.49, 0.52, 0.40, 0.42), colour)
