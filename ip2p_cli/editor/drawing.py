"""Is an edit drawn (blocks, paint, washes, hard outlines)? Then the photo's detail is no part of it.

A drawing's fine structure is its own, while a look's is the photo's, be it darker or inverted: so much tells blocks and
most cartoons. Others keep some of the photo's. They have gone flat between fewer, steep borders, so that the mean of
local contrasts against their root mean square is smaller than in the photo; and besides their structure is hardly the
photo's, or it is the photo's, thinned out. Or most of it is gone altogether, and not by a blur, which `softness.py` can
do again. What is missing shows against what `transfer_detail` carried to full size, seen once more through the
autoencoder, so that the codec counts for both. `painting.py` enlarges what is drawn.

Limits, each a pair between which a share runs from all to nothing, were set on training photos.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ip2p_cli.editor.softness import NONE, SoftFocus, sharpness
from ip2p_cli.editor.windows import window_means, window_variance

Limits = tuple[float, float]

OWN = (0.28, 0.38)  # likeness of fine structure: below, it is the edit's own
UNLIKE = (0.36, 0.48)  # below, it is hardly the photo's
THINNED = (0.85, 0.95)  # sharpness: some is missing …
NOT_ALIKE = (0.66, 0.76)  # … of what must be the photo's, by its likeness: snow covers a photo, and does not thin it
GONE = (0.65, 0.80)  # sharpness: most is missing
FLAT = (0.98, 1.02)  # spread of contrasts, the edit's against the photo's
BLURRED = (0.6, 0.8)  # share of what is missing that a soft focus takes away: above, it is one
FINE = 2  # radius: fine structure is what differs from its (2r+1)² neighbourhood, in the model's pixels
FAINT = 0.004**2  # variance of about one grey level: where there is no more of it, it says nothing


def share_drawn(before: Tensor, carried: Tensor, after: Tensor, focus: SoftFocus = NONE) -> float:
    """How much of the result should be drawn, in [0, 1].

    Args:
        before: the photo as the model sees it, (3, h, w) in [0, 1].
        carried: the full-size result as the autoencoder sees it, likewise.
        after: the edit, likewise.
        focus: the soft focus that the edit would be.
    """
    alike, sharp = float(likeness(before, after)), sharpness(carried, after)
    flat = _falling(contrast_spread(after) / contrast_spread(before), FLAT)
    thinned = _falling(sharp, THINNED) * (1 - _falling(alike, NOT_ALIKE))
    painted = max(flat * max(_falling(alike, UNLIKE), thinned), _falling(sharp, GONE))
    return max(_falling(alike, OWN), painted * _falling(focus.explained, BLURRED))


def is_all_drawn(before: Tensor, after: Tensor) -> bool:
    """Whether `share_drawn` is 1, whatever was carried: there is nothing of the photo's in the edit's structure."""
    return _falling(float(likeness(before, after)), OWN) == 1


def likeness(before: Tensor, after: Tensor, radius: int | None = None) -> Tensor:
    """How much an edit's fine structure is the photo's, in [0, 1]: the absolute correlation of the two.

    Of the whole pictures, a scalar; or with a `radius` in the windows around each pixel, (1, h, w).
    """
    one, other = (_fine(picture) for picture in (before, after))  # (1, h, w)
    products = torch.cat([one * other, one * one, other * other])
    means = products.mean((1, 2), keepdim=True) if radius is None else window_means(products, radius)
    both, *each = means.split(1)
    alike = (both.abs() + FAINT) / ((each[0] * each[1]).sqrt() + FAINT)
    return alike.squeeze() if radius is None else alike


def _fine(picture: Tensor) -> Tensor:
    luma = picture.float().mean(0, keepdim=True)
    return luma - window_means(luma, FINE)


def _falling(value: float, limits: Limits) -> float:
    low, high = limits
    t = min(max((high - value) / (high - low), 0.0), 1.0)
    return t * t * (3 - 2 * t)


def contrast_spread(picture: Tensor) -> float:
    """Mean of the contrasts (standard deviations of luma) around all pixels / their root mean square: 1 where all are
    alike, small where few hold all there is."""
    contrasts = window_variance(picture.float().mean(0, keepdim=True), FINE).sqrt()  # (1, h, w)
    energy = float(contrasts.square().mean())
    return float(contrasts.mean()) / energy**0.5 if energy > FAINT else 1.0
