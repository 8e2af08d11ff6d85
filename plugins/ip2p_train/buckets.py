"""Aspect buckets: pictures keep their shape, and those of one size train together."""

from __future__ import annotations

from math import sqrt

from PIL import Image, ImageOps

WIDEST = 4.0  # times as wide as high, or the other way; what is longer loses its ends
ALIKE = 0.03  # by how much the two pictures of a pair may differ in shape


def bucket_size(width: int, height: int, area: int, multiple: int) -> tuple[int, int]:
    """(width, height) to bring a picture to: about `area` pixels, its aspect kept, sides that divide by `multiple`."""
    aspect = min(max(width / height, 1 / WIDEST), WIDEST)
    return _round(sqrt(area * aspect), multiple), _round(sqrt(area / aspect), multiple)


def cover(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The picture scaled until it covers (width, height), and its middle cut out: nothing is squashed."""
    return ImageOps.fit(image, size, Image.Resampling.LANCZOS)


def same_shape(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether a cut through the middle takes the same piece of two pictures of these (width, height)."""
    return abs(one[0] * other[1] / (one[1] * other[0]) - 1) <= ALIKE


def _round(side: float, multiple: int) -> int:
    return max(1, round(side / multiple)) * multiple
