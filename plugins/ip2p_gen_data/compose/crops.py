"""Square crops of photos, and pictures as arrays."""

from __future__ import annotations

import numpy as np
from PIL import Image

from .pixels import Array


def crop_alike(images: list[Image.Image], size: int, rng: np.random.Generator) -> list[Image.Image]:
    """One random square, 60-100 % of the short side, mirrored half the time: the same one of each picture."""
    width, height = images[0].size
    side = int(min(width, height) * rng.uniform(0.6, 1.0))
    left, top = int(rng.integers(width - side + 1)), int(rng.integers(height - side + 1))
    box = (left, top, left + side, top + side)
    pieces = [image.resize((size, size), Image.Resampling.LANCZOS, box=box) for image in images]
    if rng.random() < 0.5:
        pieces = [piece.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for piece in pieces]
    return pieces


def seeds_of(seed: int, *place: int, count: int = 1) -> list[int]:
    """`count` seeds of a place in the dataset. `seed` is any number, also a negative one."""
    return [int(found) for found in np.random.SeedSequence([seed % 2**64, *place]).generate_state(count)]


def to_array(image: Image.Image) -> Array:
    """RGB image -> (h, w, 3) in [0, 1]."""
    return np.asarray(image, np.float32) / np.float32(255)


def to_image(x: Array) -> Image.Image:
    """(h, w, 3) in [0, 1] -> RGB image."""
    return Image.fromarray(np.round(x * 255).astype(np.uint8), "RGB")
