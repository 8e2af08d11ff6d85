"""A pen that draws a thing: polygons and balls in fractions of the thing's box, antialiased by drawing larger.

x runs from 0 (left) to 1 (right), y from 0 (top) to 1 (bottom). Colours are RGB in [0, 1].
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import cos, pi, radians, sin

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from ..pixels import Array
from .colours import RGB, darker, lighter, mixed

Points = Sequence[tuple[float, float]]
_ROUND = 40  # corners of a drawn ellipse
_RINGS = 7  # steps of light on a ball


class Pen:
    """Draws into a box of (width, height) pixels, turned by `tilt` degrees and mirrored where `flip` is set."""

    def __init__(self, width: int, height: int, *, scale: int = 3, tilt: float = 0.0, flip: bool = False) -> None:
        self.width, self.height, self.scale = width, height, scale
        self._image = Image.new("RGBA", (width * scale, height * scale))
        self._draw = ImageDraw.Draw(self._image)
        self._cos, self._sin, self._flip = cos(radians(tilt)), sin(radians(tilt)), flip

    @property
    def aspect(self) -> float:
        """Width over height: by it a circle's radius in x is smaller than in y."""
        return self.width / self.height

    def polygon(self, points: Points, colour: RGB, alpha: float = 1.0) -> None:
        """A filled polygon. It replaces what lies below, also where `alpha` is below 1."""
        fill = tuple(round(255 * min(max(c, 0.0), 1.0)) for c in (*colour, alpha))
        self._draw.polygon([self._on_canvas(x, y) for x, y in points], fill=fill)

    def rectangle(self, left: float, top: float, right: float, bottom: float, colour: RGB) -> None:
        self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], colour)

    def line(self, points: Points, colour: RGB, thick: float) -> None:
        """A line through points, `thick` of the height wide."""
        for (x0, y0), (x1, y1) in pairwise(points):
            dx, dy = (x1 - x0) * self.aspect, y1 - y0
            length = (dx * dx + dy * dy) ** 0.5 or 1.0
            nx, ny = -dy / length * thick / 2 / self.aspect, dx / length * thick / 2
            self.polygon([(x0 + nx, y0 + ny), (x1 + nx, y1 + ny), (x1 - nx, y1 - ny), (x0 - nx, y0 - ny)], colour)

    def ellipse(self, x: float, y: float, rx: float, ry: float, colour: RGB, alpha: float = 1.0) -> None:
        self.polygon(oval(x, y, rx, ry), colour, alpha)

    def disc(self, x: float, y: float, radius: float, colour: RGB, alpha: float = 1.0) -> None:
        """A circle; the radius is in heights."""
        self.ellipse(x, y, radius / self.aspect, radius, colour, alpha)

    def ball(self, x: float, y: float, rx: float, ry: float, colour: RGB) -> None:
        """An ellipse with light from the upper left."""
        for ring in range(_RINGS):
            t = ring / (_RINGS - 1)
            shade = darker(colour, 0.66 + 0.34 * min(1.0, 1.5 * t))
            if t > 0.6:
                shade = lighter(shade, 0.5 * (t - 0.6))
            self.ellipse(x - 0.30 * rx * t, y - 0.30 * ry * t, rx * (1 - 0.8 * t), ry * (1 - 0.8 * t), shade)

    def smooth(self, points: Points, colour: RGB) -> None:
        """A closed curve through the points (Catmull-Rom)."""
        self.polygon(rounded(points), colour)

    def fade(self, points: Points, top: RGB, bottom: RGB, steps: int = 6) -> None:
        """A polygon whose colour changes from its highest to its lowest point, in bands."""
        low, high = min(y for _, y in points), max(y for _, y in points)
        for step in range(steps):
            edge = low + (high - low) * step / steps
            cut = [(x, max(y, edge)) for x, y in points]
            self.polygon(cut, mixed(top, bottom, step / (steps - 1)))

    def grid(self) -> tuple[Array, Array]:
        """x and y of every pixel of the canvas: two arrays (h, w)."""
        w, h = self._image.size
        x, y = np.meshgrid((np.arange(w) + 0.5) / w, (np.arange(h) + 0.5) / h)
        return x.astype(np.float32), y.astype(np.float32)

    def spray(self, colour: RGB | Array, alpha: Array) -> None:
        """Paint the whole canvas over, `alpha` (h, w) thick; `colour` may be a map (h, w, 3)."""
        rgb = np.broadcast_to(np.asarray(colour, np.float32), (*alpha.shape, 3))
        layer = np.concatenate([rgb, alpha[..., None]], axis=-1)
        over = Image.fromarray(np.round(np.clip(layer, 0, 1) * 255).astype(np.uint8), "RGBA")
        self._image.alpha_composite(over)

    def glow(self, colour: RGB, radius: float, strength: float) -> None:
        """Light around what is drawn so far, `radius` heights far."""
        halo = self._image.getchannel("A").filter(ImageFilter.GaussianBlur(radius * self.height * self.scale))
        back = Image.new("RGBA", self._image.size, tuple(round(255 * c) for c in colour))
        back.putalpha(halo.point(lambda value: round(value * strength)))
        back.alpha_composite(self._image)
        self._image.paste(back)

    def finish(self, *, shaded: bool) -> Array:
        """What was drawn: (height, width, 4) in [0, 1]; `shaded` darkens its rim and its lower right."""
        drawn = self._image.reduce(self.scale) if self.scale > 1 else self._image
        out: Array = np.asarray(drawn, np.float32) / np.float32(255)
        if shaded:
            soft = drawn.getchannel("A").filter(ImageFilter.GaussianBlur(max(1.0, 0.03 * self.height)))
            rim: NDArray[np.float32] = np.asarray(soft, np.float32) / np.float32(255)
            y, x = np.mgrid[0 : 1 : self.height * 1j, 0 : 1 : self.width * 1j].astype(np.float32)
            light = (1.10 - 0.16 * y - 0.10 * x) * (0.62 + 0.38 * rim)
            out = np.concatenate([np.clip(out[..., :3] * light[..., None], 0, 1), out[..., 3:]], axis=-1)
        return out

    def _on_canvas(self, x: float, y: float) -> tuple[float, float]:
        w, h = self._image.size
        dx, dy = (0.5 - x if self._flip else x - 0.5) * w, (y - 0.5) * h
        return w / 2 + dx * self._cos - dy * self._sin, h / 2 + dx * self._sin + dy * self._cos


def oval(x: float, y: float, rx: float, ry: float) -> list[tuple[float, float]]:
    """Corners of an ellipse."""
    angles = [2 * pi * i / _ROUND for i in range(_ROUND)]
    return [(x + rx * cos(a), y + ry * sin(a)) for a in angles]


def star(x: float, y: float, rx: float, ry: float, tips: int = 5, inner: float = 0.42) -> list[tuple[float, float]]:
    """Corners of a star with a tip upwards."""
    angles = [pi * i / tips - pi / 2 for i in range(2 * tips)]
    return [
        (x + rx * (inner if i % 2 else 1.0) * cos(a), y + ry * (inner if i % 2 else 1.0) * sin(a))
        for i, a in enumerate(angles)
    ]


def rounded(points: Points, steps: int = 8) -> list[tuple[float, float]]:
    """A closed Catmull-Rom curve through the points."""
    p = np.asarray(points, np.float64)
    before, after, last = np.roll(p, 1, 0), np.roll(p, -1, 0), np.roll(p, -2, 0)
    curve = []
    for t in np.linspace(0, 1, steps, endpoint=False):
        curve.append(
            0.5
            * (
                2 * p
                + (after - before) * t
                + (2 * before - 5 * p + 4 * after - last) * t**2
                + (3 * p - before - 3 * after + last) * t**3
            )
        )
    return [(float(x), float(y)) for x, y in np.stack(curve, 1).reshape(-1, 2)]
