"""Plain image arithmetic for the judge: CIELab, Gaussian blur, resizing. numpy and Pillow only."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[np.float32]

WORK_SIZE = 256  # long side at which photos are judged: about what a person sees at a glance


def to_rgb(image: Any) -> Array:
    """A PIL image, or an array (h, w, 3) that is uint8 or float in [0, 1], as float32 (h, w, 3) in [0, 1]."""
    if isinstance(image, Image.Image):
        image = np.asarray(image.convert("RGB"))
    array = np.asarray(image)
    if array.ndim != 3 or array.shape[2] != 3:
        raise ValueError(f"expected an image of shape (h, w, 3), got {array.shape}")
    if array.dtype == np.uint8:
        return array.astype(np.float32) / 255.0
    return np.clip(array, 0.0, 1.0).astype(np.float32)


def resize(rgb: Array, width: int, height: int) -> Array:
    """(h, w, 3) -> (height, width, 3), antialiased."""
    if rgb.shape[:2] == (height, width):
        return rgb
    planes = [Image.fromarray(np.ascontiguousarray(rgb[..., c])) for c in range(3)]
    resized = [np.asarray(p.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=None)) for p in planes]
    return np.clip(np.stack(resized, axis=-1), 0.0, 1.0).astype(np.float32)


def common_size(before: Array, after: Array) -> tuple[Array, Array]:
    """Both at one size: the smaller of the two, at most WORK_SIZE on the long side, in the shape of `before`."""
    height, width = before.shape[:2]
    long_side = min(WORK_SIZE, max(height, width), max(after.shape[:2]))
    scale = long_side / max(height, width)
    size = max(8, round(width * scale)), max(8, round(height * scale))
    return resize(before, *size), resize(after, *size)


def rgb_to_lab(rgb: Array) -> Array:
    """sRGB in [0, 1] -> CIELab (D65): L in [0, 100], a (green to red) and b (blue to yellow) around [-100, 100]."""
    linear = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    to_xyz = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                       [0.0193339, 0.1191920, 0.9503041]])  # fmt: skip
    xyz = linear @ to_xyz.T / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16.0 / 116.0)
    lab = np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1)
    return lab.astype(np.float32)


def blur(plane: Array, sigma: float) -> Array:
    """Gaussian blur of a plane (h, w), edges repeated."""
    radius = max(1, round(3 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    for axis in (0, 1):
        pad = [(0, 0), (0, 0)]
        pad[axis] = (radius, radius)
        padded = np.pad(plane, pad, mode="edge")
        windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * radius + 1, axis=axis)
        plane = (windows @ kernel).astype(np.float32)
    return plane


def gradients(plane: Array) -> tuple[Array, Array]:
    """Central differences (d/dx, d/dy) of a plane (h, w)."""
    dy, dx = np.gradient(plane)
    return dx.astype(np.float32), dy.astype(np.float32)


def correlation(x: Array, y: Array) -> float:
    """Pearson correlation of two arrays of one shape; 0 where either is constant."""
    x, y = x.ravel() - x.mean(), y.ravel() - y.mean()
    norm = float(np.sqrt((x * x).sum() * (y * y).sum()))
    return float((x * y).sum() / norm) if norm > 1e-9 else 0.0
