"""Synthetic photos, and plain hand-made versions of the looks: none of this is the code that makes training pairs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Array = NDArray[np.float32]
Look = Callable[[Array], Array]


def to_pil(rgb: Array) -> Image.Image:
    return Image.fromarray((np.clip(rgb, 0, 1) * 255 + 0.5).astype(np.uint8))


def to_float(image: Image.Image) -> Array:
    return np.asarray(image.convert("RGB")).astype(np.float32) / 255


def scene(seed: int, size: int = 192, horizon: float | None = None) -> Array:
    """A sky over textured ground, with a few coloured things standing about. (size, size, 3) in [0, 1]"""
    rng = np.random.default_rng(seed)
    y = np.linspace(0, 1, size, dtype=np.float32)[:, None, None]
    drawn = rng.uniform(0.3, 0.5)
    horizon = drawn if horizon is None else horizon
    sky = np.array([0.45, 0.58, 0.75]) + 0.25 * y
    ground = np.array([0.36, 0.42, 0.24]) * rng.uniform(0.8, 1.2, 3) * (0.8 + 0.4 * y)
    texture = to_float(to_pil(rng.random((size, size, 3)).astype(np.float32)).filter(ImageFilter.GaussianBlur(1)))
    picture = np.where(y < horizon, sky + np.zeros((size, size, 3)), ground + 1.2 * (texture - 0.5))
    yy, xx = np.mgrid[:size, :size] / size
    for _ in range(9):
        cx, cy, w, h = rng.uniform((0, 0.25, 0.05, 0.05), (1, 1, 0.2, 0.25))
        colour = rng.uniform(0.08, 0.92, 3)
        inside = (abs(xx - cx) < w / 2) & (abs(yy - cy) < h / 2)
        if rng.random() < 0.5:
            inside = ((xx - cx) / w) ** 2 + ((yy - cy) / h) ** 2 < 0.25
        picture = np.where(inside[..., None], colour + 0.25 * (texture - 0.5), picture)
    return np.clip(picture, 0, 1).astype(np.float32)


def _luma(x: Array) -> Array:
    return (x @ np.array([0.299, 0.587, 0.114], np.float32))[..., None]


def _saturate(x: Array, k: float) -> Array:
    return np.clip(_luma(x) + (x - _luma(x)) * k, 0, 1)


def _filter(x: Array, kind: ImageFilter.Filter) -> Array:
    return to_float(to_pil(x).filter(kind))


def blurred(x: Array, sigma: float) -> Array:
    return _filter(x, ImageFilter.GaussianBlur(sigma))


def _edges(x: Array) -> Array:
    dy, dx = np.gradient(blurred(x, 1)[..., 1])
    return np.hypot(dx, dy)[..., None]


def _towards_orange(x: Array) -> Array:
    hsv = np.asarray(to_pil(x).convert("HSV")).copy()
    green = (hsv[..., 0] > 30) & (hsv[..., 0] < 128)
    hsv[..., 0] = np.where(green, 20, hsv[..., 0])
    return np.clip(to_float(Image.fromarray(hsv, "HSV")) * np.array([1.15, 0.9, 0.65]), 0, 1)


def _neon(x: Array) -> Array:
    stops = np.array([(0.02, 0, 0.12), (0.45, 0, 0.55), (0.95, 0.1, 0.7), (0.2, 0.9, 1)])
    level = np.clip(_luma(x)[..., 0] * 0.9, 0, 1)
    return np.stack([np.interp(level, np.linspace(0, 1, 4), stops[:, c]) for c in range(3)], -1) * 0.85 + 0.15 * x


def _sketch(x: Array) -> Array:
    return np.repeat(np.clip(1 - 8 * _edges(x), 0, 1), 3, -1)


def _cartoon(x: Array) -> Array:
    flat = np.round(_saturate(_filter(x, ImageFilter.MedianFilter(5)), 1.5) * 4) / 4
    return np.clip(flat - np.clip(6 * _edges(x) - 0.3, 0, 1) * 0.7, 0, 1)


def _pixels(x: Array) -> Array:
    side = x.shape[0]
    small = to_pil(x).resize((side // 8, side // 8), Image.Resampling.BOX)
    return to_float(small.resize((side, side), Image.Resampling.NEAREST))


def _sky(r: float, g: float, b: float) -> Look:
    def look(x: Array) -> Array:
        mask = np.clip(1.3 - 2 * np.linspace(0, 1, x.shape[0], dtype=np.float32), 0, 0.7)[:, None, None]
        return x * (1 - mask) + mask * np.array([r, g, b])

    return look


LOOKS: dict[str, Look] = {
    "black-and-white": lambda x: np.repeat(_luma(x), 3, -1),
    "sepia": lambda x: np.clip(_luma(x) * np.array([1.1, 0.92, 0.7]), 0, 1),
    "night": lambda x: x * np.array([0.25, 0.3, 0.45]),
    "sunset": lambda x: x * np.array([1.0, 0.7, 0.5]) * 0.8 + np.array([0.2, 0.09, 0.03]),
    "warm": lambda x: np.clip(x * np.array([1.15, 1.0, 0.7]), 0, 1),
    "cold": lambda x: np.clip(x * np.array([0.75, 0.95, 1.2]), 0, 1),
    "brighter": lambda x: np.clip(x * 1.4, 0, 1),
    "darker": lambda x: x * 0.6,
    "contrast": lambda x: np.clip((x - 0.5) * 1.6 + 0.5, 0, 1),
    "vintage": lambda x: (_saturate(x, 0.55) * 0.7 + 0.18) * np.array([1.08, 1.0, 0.85]),
    "fog": lambda x: _saturate(x, 0.6) * 0.4 + 0.48,
    "winter": lambda x: np.clip(_saturate(x, 0.3) * 0.85 + np.array([0.14, 0.18, 0.26]), 0, 1),
    "autumn": _towards_orange,
    "spring": lambda x: np.clip(_saturate(x, 1.2) * np.array([0.75, 1.15, 0.6]), 0, 1),
    "storm": lambda x: _saturate(x, 0.35) * np.array([0.55, 0.6, 0.68]),
    "underwater": lambda x: x * np.array([0.35, 0.75, 0.8]) + np.array([0, 0.08, 0.12]),
    "neon": _neon,
    "oil-painting": lambda x: _saturate(_filter(x, ImageFilter.MedianFilter(5)), 1.1),
    "watercolor": lambda x: _saturate(_filter(x, ImageFilter.MedianFilter(5)), 0.8) * 0.7 + 0.3,
    "pencil-sketch": _sketch,
    "cartoon": _cartoon,
    "pixel-art": _pixels,
    "negative": lambda x: 1 - x,
    "dreamy": lambda x: blurred(x, 3) * 0.9 + 0.1,
    "desert": lambda x: np.clip(_saturate(x, 0.4) * np.array([1.1, 0.95, 0.65]) + np.array([0.1, 0.05, -0.04]), 0, 1),
    "pink-sky": _sky(1, 0.5, 0.75),
    "orange-sky": _sky(1, 0.6, 0.15),
    "green-sky": _sky(0.35, 0.85, 0.35),
}
