"""What is seen in the sky: moon, sun, stars, rainbow, clouds, lightning, fireworks."""

from __future__ import annotations

from math import cos, pi, sin

import numpy as np

from ..pixels import Array, smoothstep
from .colours import RGB, WHITE, darker, lighter
from .pen import Pen, oval, star

_BANDS: tuple[RGB, ...] = (  # of a rainbow, from outside to inside
    (0.93, 0.16, 0.16),
    (0.98, 0.55, 0.10),
    (0.98, 0.90, 0.18),
    (0.20, 0.75, 0.25),
    (0.16, 0.45, 0.92),
    (0.52, 0.20, 0.75),
)


def full_moon(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    pen.disc(0.5, 0.5, 0.40, darker(colour, 0.86))
    pen.disc(0.485, 0.485, 0.38, colour)
    for _ in range(6):
        angle, far = rng.uniform(0, 2 * pi), rng.uniform(0.05, 0.24)
        x, y = 0.5 + far * cos(angle), 0.5 + far * sin(angle)
        pen.disc(x, y, rng.uniform(0.04, 0.09), darker(colour, rng.uniform(0.72, 0.84)))
    pen.glow(lighter(colour, 0.3), 0.05, 0.5)


def crescent_moon(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    outer = [(0.5 + 0.42 * sin(a), 0.5 - 0.42 * cos(a)) for a in np.linspace(-pi * 1.02, pi * 0.02, 30)]
    depth = rng.uniform(0.10, 0.2)
    inner = [(0.5 - depth * sin(a), 0.5 - 0.42 * cos(a)) for a in np.linspace(pi * 0.02, pi * 1.0, 30)]
    pen.polygon([*outer, *inner], colour)
    pen.glow(lighter(colour, 0.3), 0.05, 0.5)


def sun(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    rays = int(rng.integers(9, 14))
    pen.polygon(star(0.5, 0.5, 0.48, 0.48, rays, 0.62), darker(colour, 0.94))
    pen.ball(0.5, 0.5, 0.27, 0.27, lighter(colour, 0.15))
    pen.glow(lighter(colour, 0.4), 0.06, 0.6)


def stars(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    """Five-pointed stars all over the box, none touching another."""
    rows, columns = 3, 6
    for row in range(rows):
        for column in range(columns):
            if rng.random() < 0.12:
                continue
            x = (column + 0.5 + 0.5 * (row % 2 - 0.5) + rng.uniform(-0.2, 0.2)) / columns
            y = (row + 0.5 + rng.uniform(-0.25, 0.25)) / rows
            size = rng.uniform(0.07, 0.12)
            pen.polygon(star(x, y, size / pen.aspect, size), colour)
    pen.glow((0.10, 0.10, 0.30), 0.03, 0.55)  # stands out from a bright sky


def rainbow(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    """An arch over the whole box."""
    x, y = pen.grid()
    radius = np.hypot((x - 0.5) * 2, (y - 1.02) * 1.0 / 0.98)
    thick = rng.uniform(0.26, 0.32)
    at = (1.0 - 0.02 - radius) / thick * len(_BANDS)
    place = np.clip(at - 0.5, 0, len(_BANDS) - 1)
    low = np.floor(place).astype(int)
    high = np.minimum(low + 1, len(_BANDS) - 1)
    bands = np.asarray(_BANDS, np.float32)
    blend = smoothstep((place - low).astype(np.float32), 0.25, 0.75)[..., None]
    rgb: Array = bands[low] * (1 - blend) + bands[high] * blend
    inside = smoothstep(at, 0.0, 0.5) * smoothstep(at, len(_BANDS) + 0.0, len(_BANDS) - 0.5)
    pen.spray(rgb, rng.uniform(0.72, 0.88) * inside * smoothstep(y, 1.0, 0.85))


def cloud(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    """A heap of balls on a flat base."""
    lobes = [(0.22, 0.66, 0.20), (0.42, 0.46, 0.30), (0.62, 0.52, 0.26), (0.80, 0.68, 0.18), (0.5, 0.68, 0.24)]
    placed = [(x + rng.uniform(-0.03, 0.03), y, r * rng.uniform(0.9, 1.1)) for x, y, r in lobes]
    for grow, tone in ((1.0, darker(colour, 0.84)), (0.88, darker(colour, 0.94)), (0.72, colour)):
        for x, y, r in placed:
            pen.ellipse(x - 0.02 * (1 - grow), y - r * 0.5 * (1 - grow), r * grow / pen.aspect * 1.1, r * grow, tone)
    pen.glow(colour, 0.02, 0.6)


def lightning(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    drift = rng.uniform(-0.1, 0.1)
    bolt = [(0.42, 0.0), (0.72, 0.0), (0.56, 0.36), (0.80, 0.36), (0.30 + drift, 1.0), (0.44, 0.52), (0.22, 0.52)]
    pen.polygon(bolt, colour)
    pen.glow((0.75, 0.8, 1.0), 0.04, 0.7)


def fireworks(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    """One burst: spokes that end in sparks."""
    spokes = int(rng.integers(11, 15))
    for spoke in range(spokes):
        angle = 2 * pi * spoke / spokes + rng.uniform(-0.08, 0.08)
        far = rng.uniform(0.34, 0.44)
        tip = 0.5 + far * cos(angle), 0.5 + far * sin(angle)
        pen.line([(0.5 + 0.10 * cos(angle), 0.5 + 0.10 * sin(angle)), tip], colour, 0.035)
        pen.disc(*tip, 0.038, lighter(colour, 0.45))
    pen.disc(0.5, 0.5, 0.07, lighter(colour, 0.7))
    pen.glow((0.12, 0.10, 0.20), 0.03, 0.5)


def snowflake(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    for arm in range(6):
        angle = pi * arm / 3
        pen.line([(0.5, 0.5), (0.5 + 0.44 * sin(angle), 0.5 - 0.44 * cos(angle))], colour, 0.075)
        for far, side in ((0.28, 0.55), (0.28, -0.55)):
            x, y = 0.5 + far * sin(angle), 0.5 - far * cos(angle)
            pen.line([(x, y), (x + 0.14 * sin(angle + side), y - 0.14 * cos(angle + side))], colour, 0.06)
    pen.glow((0.25, 0.35, 0.60), 0.03, 0.6)


def comet(pen: Pen, colour: RGB, rng: np.random.Generator) -> None:
    """A shooting star: a star with a tail that thins out."""
    for width, tone in ((0.26, darker(colour, 0.9)), (0.16, lighter(colour, 0.3)), (0.07, WHITE)):
        pen.polygon([(0.78, 0.72 - width / 2), (0.05, 0.12), (0.78, 0.72 + width / 2)], tone)
    pen.polygon(star(0.78, 0.72, 0.26 / pen.aspect, 0.26), lighter(colour, 0.25))
    pen.polygon(oval(0.78, 0.72, 0.08 / pen.aspect, 0.08), WHITE)
    pen.glow((0.15, 0.15, 0.35), 0.03, 0.5)
