"""Does an edit take detail away (a dreamy blur, watercolour washes)? Then the original's own must not come back.

`transfer_detail` explains an edit by maps of colour, and no map of colour blurs. What it carried to full size, seen
once more through the autoencoder, is what the edit would look like with all detail kept; where the edit itself has
clearly less energy in fine structure than that, it was softened. (Comparing with the plain photo would not do: night
or fog lower the contrast of detail too, and the codec blurs faint detail more.)

Both of them have the codec's blur, and blurs commute: the soft focus that takes the one to the other is the edit's
own. That one is done again at full size. (The edit's own pixels, enlarged, would bring the codec's blur as well.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from PIL import Image, ImageFilter
from torch import Tensor

from ip2p_cli.editor.windows import window_means

RADIUS = 2  # fine structure: what differs from its (2r+1)² neighbourhood, in the model's pixels
SOFT, SHARP = 0.85, 0.95  # share of energy from which the softening is done in full, and not at all
SURELY_SHARP = 0.98  # where `carried` is a guess of what the autoencoder would see
TONE = 4  # radius: what is coarser is light and colour, and not of the focus
RADII = (1, 2, 4, 8)  # of the bands in which a soft focus is compared with the edit
SIGMAS = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)  # blurs that are tried, in the model's pixels
SHARES = (0.0, 0.2, 0.4)  # and shares of the sharp picture in it; more would be a veil, not a soft focus
LEAST_ENERGY = 1e-7  # of a band: below, the codec's own noise


@dataclass(frozen=True)
class SoftFocus:
    """A picture and its blur in one: `share` · picture + (1 − `share`) · blur."""

    sigma: float  # of the Gaussian, as a share of the picture's width
    share: float  # in [0, 1]
    explained: float = 0.0  # how much of the difference between the carried picture and the edit it takes away


NONE = SoftFocus(0.0, 1.0)


def measure_softness(carried: Tensor, after: Tensor) -> SoftFocus:
    """The soft focus that the edit is, against the same edit with all detail.

    Args:
        carried: the full-size result as the autoencoder sees it, (3, h, w) in [0, 1].
        after: the edit, likewise.
    """
    t = min(max((sharpness(carried, after) - SOFT) / (SHARP - SOFT), 0.0), 1.0)
    if t == 1:
        return NONE
    sharp, soft = _luma(carried), _luma(after)
    sigma, share = _best_focus(sharp, soft)
    again = share * sharp + (1 - share) * _gaussian(sharp, sigma)
    left, missing = (_energy(_fine(soft, TONE) - _fine(picture, TONE)) for picture in (again, sharp))
    explained = max(0.0, 1 - left / max(missing, LEAST_ENERGY))
    return SoftFocus(sigma / carried.shape[2], share + (1 - share) * t * t * (3 - 2 * t), explained)


def is_sharp(carried: Tensor, after: Tensor) -> bool:
    """Whether the edit has about the energy in fine structure that it would have with all detail, by a rough guess."""
    return sharpness(carried, after) >= SURELY_SHARP


def sharpness(carried: Tensor, after: Tensor) -> float:
    """The edit's contrast in fine structure over that of the carried picture: below 1 something is missing in it."""
    sharp, soft = (_energy(_fine(_luma(picture), RADIUS)) for picture in (carried, after))
    return ((soft + LEAST_ENERGY) / (sharp + LEAST_ENERGY)) ** 0.5


def soften(carried: Image.Image, focus: SoftFocus) -> Image.Image:
    """The carried picture (RGB) in that soft focus."""
    if focus.share >= 1:
        return carried
    sigma = focus.sigma * carried.width
    step = max(1, int(sigma / 2))  # what is blurred needs no more pixels
    small = carried.reduce(step).filter(ImageFilter.GaussianBlur(sigma / step))
    covered = (0, 0, carried.width / step, carried.height / step)
    return Image.blend(small.resize(carried.size, Image.Resampling.BICUBIC, box=covered), carried, focus.share)


def _best_focus(sharp: Tensor, soft: Tensor) -> tuple[float, float]:
    """σ and share whose energies are nearest to those of `soft` in all bands: least squares of their logarithms."""
    wanted = [_energy(_fine(soft, radius)) for radius in RADII]
    bands = [_fine(sharp, radius) for radius in RADII]
    best = (math.inf, SIGMAS[0], 1.0)
    for sigma in SIGMAS:
        blurred = _gaussian(sharp, sigma)
        pairs = [(band, _fine(blurred, radius)) for band, radius in zip(bands, RADII, strict=True)]
        products = [(_energy(x), float((x * y).mean()), _energy(y)) for x, y in pairs]
        for share in SHARES:
            s, b = share, 1 - share
            energies = [s * s * xx + 2 * s * b * xy + b * b * yy for xx, xy, yy in products]
            error = sum(
                math.log((e + LEAST_ENERGY) / (w + LEAST_ENERGY)) ** 2 for e, w in zip(energies, wanted, strict=True)
            )
            best = min(best, (error, sigma, share))
    return best[1:]


def _luma(picture: Tensor) -> Tensor:
    """(3, h, w) -> (h, w)"""
    return picture.float().mean(0)


def _fine(luma: Tensor, radius: int) -> Tensor:
    return luma - window_means(luma, radius)


def _energy(band: Tensor) -> float:
    return float(band.square().mean())


def _gaussian(luma: Tensor, sigma: float) -> Tensor:
    """(h, w), blurred; the window is cut at the borders."""
    rows, columns = (_window(length, sigma) for length in luma.shape[-2:])
    return rows @ luma @ columns.T


def _window(length: int, sigma: float) -> Tensor:
    place = torch.arange(length, dtype=torch.float32)
    weights = torch.exp(-((place.unsqueeze(1) - place) ** 2) / (2 * sigma**2))
    return weights / weights.sum(1, keepdim=True)
