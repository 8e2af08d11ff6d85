"""Photos to measure with: those of a folder, or as many of any size as are asked for, made from the examples."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ip2p_cli.api import find_photos

EXAMPLES = Path(__file__).parents[1] / "examples" / "photos"
KEPT = 0.8  # of an example's sides, in each window that becomes a photo


def spread_over(folder: Path, count: int) -> list[Path]:
    """So many photos of a folder, spread over the whole of it."""
    found = find_photos(folder)
    return found[:: max(1, len(found) // count)][:count]


def make_photos(folder: Path, count: int, size: tuple[int, int], seed: int = 0) -> Path:
    """Write `count` different JPEGs of size (width, height): windows of the example photos. Returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    digits = len(str(count - 1))
    examples = [_at_least(path, size) for path in find_photos(EXAMPLES)]
    for number, box in zip(range(count), _windows(rng), strict=False):
        example = examples[number % len(examples)]
        left, top, right, bottom = (round(x * side) for x, side in zip(box, 2 * example.size, strict=True))
        photo = example.resize(size, Image.Resampling.BICUBIC, (left, top, right, bottom))
        photo.save(folder / f"{number:0{digits}}.jpg", quality=90)
    return folder


def psnr(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Peak signal to noise ratio of pixels in [0, 1], in dB: at most 100."""
    return -10 * math.log10(max(float(np.square(one - other).mean(dtype=np.float64)), 1e-10))


def as_array(picture: Image.Image) -> NDArray[np.float32]:
    """RGB -> (h, w, 3) in [0, 1]"""
    return np.asarray(picture, np.float32) / np.float32(255)


def _windows(rng: np.random.Generator) -> Iterator[tuple[float, float, float, float]]:
    """Left, top, right, bottom, as shares of the sides."""
    while True:
        left, top = rng.uniform(0, 1 - KEPT, 2)
        yield left, top, left + KEPT, top + KEPT


def _at_least(path: Path, size: tuple[int, int]) -> Image.Image:
    """The photo, no larger than is of use."""
    photo = Image.open(path).convert("RGB")
    photo.thumbnail((2 * max(size), 2 * max(size)))
    return photo
