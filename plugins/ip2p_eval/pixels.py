"""Plain image arithmetic for the judge: CIELab, Gaussian blur, resizing. numpy and Pillow only."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[np.float32]
Mask = NDArray[np.bool_]

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


def fitted(rgb: Array, long_side: int) -> tuple[int, int]:
    """(width, height) of the image shrunk to a long side; never enlarged, never under 8."""
    height, width = rgb.shape[:2]
    scale = min(1.0, long_side / max(height, width))
    return max(8, round(width * scale)), max(8, round(height * scale))


_WHITE = np.array([0.95047, 1.0, 1.08883])  # D65
_TO_XYZ = np.array(
    [[0.4124564, 0.2126729, 0.0193339], [0.3575761, 0.7151522, 0.1191920], [0.1804375, 0.0721750, 0.9503041]]
)
_TO_XYZ = (_TO_XYZ / _WHITE).astype(np.float32)  # linear sRGB row vectors to XYZ over white


def rgb_to_lab(rgb: Array) -> Array:
    """sRGB in [0, 1] -> CIELab (D65): L in [0, 100], a (green to red) and b (blue to yellow) around [-100, 100]."""
    linear = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    xyz = linear @ _TO_XYZ
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16.0 / 116.0)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1).astype(np.float32)


@lru_cache(maxsize=64)
def _blur_matrix(length: int, sigma: float) -> Array:
    """(length, length): multiplying by it blurs along one axis, edges repeated. Quicker than a sliding window here."""
    radius = max(1, round(3 * sigma))
    offsets = np.arange(-radius, radius + 1)
    kernel = np.exp(-0.5 * (offsets / sigma) ** 2)
    matrix = np.zeros((length, length))
    for offset, weight in zip(offsets, kernel / kernel.sum(), strict=True):
        np.add.at(matrix, (np.arange(length), np.clip(np.arange(length) + offset, 0, length - 1)), weight)
    return matrix.astype(np.float32)


def blur(plane: Array, sigma: float) -> Array:
    """Gaussian blur of a plane (h, w), edges repeated."""
    height, width = plane.shape
    return np.asarray(_blur_matrix(height, sigma) @ plane @ _blur_matrix(width, sigma).T, np.float32)


def gradients(plane: Array) -> tuple[Array, Array]:
    """Central differences (d/dx, d/dy) of a plane (h, w)."""
    dy, dx = np.gradient(plane)
    return np.asarray(dx, np.float32), np.asarray(dy, np.float32)


def correlation(x: Array, y: Array) -> float:
    """Pearson correlation of two arrays of one shape; 0 where either is constant."""
    x, y = x.ravel() - x.mean(), y.ravel() - y.mean()
    norm = float(np.sqrt((x * x).sum() * (y * y).sum()))
    return float((x * y).sum() / norm) if norm > 1e-9 else 0.0
