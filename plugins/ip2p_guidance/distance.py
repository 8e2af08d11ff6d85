"""How far an edit went, as an eye sees it: a distance of two pictures that needs no network and no weights.

    D = 1 − (1 − colour) · (1 − structure)

- colour: the CIE 1976 difference ΔE of the pictures' blurred colours, 1 from ΔE = 100 on. Blurred, because the eye sees
  colour coarsely, and fine detail is the other term's.
- structure: 1 − the contrast-structure term of SSIM (Wang et al. 2004, eq. 9 and 10) on the lightness, at three scales
  (Wang et al. 2003), which light and colour as a whole leave alone.

Of both, and of each scale, the root mean square over the picture. Of a look that is alike all over, that is the mean;
but a moon in an empty sky, a hundredth of the picture, counts 0.1 where the mean were 0.01: eyes go to it.

0 is a copy, 1 another picture. Blending from the photo to the edit, it only grows.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageCms

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 192  # pixels of the longer side that is looked at: as much as a glance takes in
SCALES = 3
WINDOW = 7
COARSE = 8  # blocks of this side make the colours
MOST_COLOUR = 100.0  # ΔE that counts as another colour altogether
STABLE = (0.03 * 100) ** 2  # SSIM's C₂ for a lightness of 0 to 100


def perceptual_distance(before: Image.Image, after: Image.Image) -> float:
    """In [0, 1], for two RGB pictures; one of another size is scaled to the first's."""
    size = _small(before.size)
    first, second = (_lab(picture, size) for picture in (before, after))
    return 1 - (1 - _colour(first, second)) * (1 - _structure(first[..., 0], second[..., 0]))


def _small(size: tuple[int, int]) -> tuple[int, int]:
    scale = min(1.0, SIDE / max(size))
    width, height = (max(1, round(side * scale)) for side in size)
    return width, height


def _lab(picture: Image.Image, size: tuple[int, int]) -> NDArray[np.float64]:
    """(h, w, 3): L in [0, 100], a and b in [-128, 127]."""
    colours = picture if picture.mode == "RGB" else picture.convert("RGB")  # which would copy it
    small = colours.resize(size, Image.Resampling.BOX)
    converted = ImageCms.applyTransform(small, _to_lab())
    assert converted is not None
    values = np.asarray(converted).astype(np.float64)
    values[..., 0] *= 100 / 255
    values[..., 1:] = (values[..., 1:] + 128) % 256 - 128  # two's complement
    return values


@functools.cache
def _to_lab() -> ImageCms.ImageCmsTransform:
    """Made once: making it takes longer than using it."""
    return ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")


def _colour(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    difference = _blocks(first, COARSE) - _blocks(second, COARSE)
    return _root_mean_square(np.minimum(np.linalg.norm(difference, axis=-1) / MOST_COLOUR, 1))


def _structure(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    terms = []
    for _ in range(SCALES):
        terms.append(_root_mean_square(1 - _likeness(first, second)))
        if min(first.shape) < 2 * WINDOW:
            break
        first, second = (_blocks(each[..., None], 2)[..., 0] for each in (first, second))
    return sum(terms) / len(terms)


def _likeness(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each window SSIM's contrast and structure, (2σ_xy + C₂) / (σ_x² + σ_y² + C₂), in [0, 1]."""
    mean_1, mean_2 = _means(first), _means(second)
    variances = _means(first**2) - mean_1**2 + _means(second**2) - mean_2**2
    covariance = _means(first * second) - mean_1 * mean_2
    likeness: NDArray[np.float64] = np.clip((2 * covariance + STABLE) / (variances.clip(min=0) + STABLE), 0, 1)
    return likeness


def _root_mean_square(values: NDArray[np.float64]) -> float:
    return float(np.sqrt((values**2).mean()))


def _means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of all windows that fit; of a picture smaller than one, of the whole."""
    for axis in (0, 1):
        values = _line_means(values, axis)
    return values


def _line_means(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Along one axis, by running sums: of lines so short, and values up to 10⁴, doubles lose nothing that counts."""
    lines = np.moveaxis(values, axis, 0)
    length = min(WINDOW, len(lines))
    sums = np.concatenate([np.zeros_like(lines[:1]), lines.cumsum(0)])
    means: NDArray[np.float64] = np.moveaxis((sums[length:] - sums[:-length]) / length, 0, axis)
    return means


def _blocks(values: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """Means of blocks; what is left at the right and below is left out, unless it is all there is.

    (h, w, c) -> (h // side, w // side, c)
    """
    height, width, channels = values.shape
    tall, wide = min(side, height), min(side, width)
    rows, columns = height // tall, width // wide
    whole = values[: rows * tall, : columns * wide].reshape(rows, tall, columns, wide, channels)
    means: NDArray[np.float64] = whole.mean(axis=(1, 3))
    return means
