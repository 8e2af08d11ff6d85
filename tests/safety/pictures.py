"""Pictures of many kinds, harmless all of them."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from tests.photos import gradient


def noise(seed: int, width: int = 64, height: int = 48) -> Image.Image:
    """Every pixel by chance."""
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def blobs(seed: int, width: int = 64, height: int = 48) -> Image.Image:
    """A few discs on a plain ground."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (width, height), tuple(rng.integers(0, 256, 3).tolist()))
    pen = ImageDraw.Draw(image)
    for _ in range(4):
        x, y, r = rng.integers(0, width), rng.integers(0, height), rng.integers(3, height // 2)
        pen.ellipse((x - r, y - r, x + r, y + r), fill=tuple(rng.integers(0, 256, 3).tolist()))
    return image


def skin(width: int = 64, height: int = 48) -> Image.Image:
    """A plain field of a skin's colour, which nudity detectors are wary of."""
    return Image.new("RGB", (width, height), (224, 172, 140))


FIXED = {
    "gradient": gradient(300, 200),
    "noise": noise(0, 200, 300),
    "blobs": blobs(1, 500, 333),
    "skin": skin(),
    "dot": gradient(1, 1),
    "strip": gradient(2000, 9),
}
