"""Is an edit drawn (blocks, flat paint, hard outlines)? Then the photo's detail is no part of it.

Two things tell. A drawing is flat with few, steep steps; a photo changes a little everywhere. The mean of a picture's
steps against their root mean square is small where few steps hold all the change. The edit is compared with what
`transfer_detail` carried to full size, seen once more through the autoencoder, so that the codec counts for both.
And a drawing's fine structure is its own, while a look's is the photo's, be it darker or inverted.
`painting.py` enlarges what is drawn.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ip2p_cli.editor.windows import window_means

DRAWN, PHOTO = 0.80, 0.88  # spread of the edit's steps against the carried picture's: all, and nothing, is drawn
OWN, SAME = 0.28, 0.38  # likeness of fine structure: all, and nothing, is drawn
FINE = 2  # radius: fine structure is what differs from its (2r+1)² neighbourhood, in the model's pixels
FAINT = 0.004**2  # variance of about one grey level: where there is no more of it, it says nothing


def share_drawn(before: Tensor, carried: Tensor, after: Tensor) -> float:
    """How much of the result should be drawn, in [0, 1].

    Args:
        before: the photo as the model sees it, (3, h, w) in [0, 1].
        carried: the full-size result as the autoencoder sees it, likewise.
        after: the edit, likewise.
    """
    by_steps = _falling(step_spread(after) / step_spread(carried), DRAWN, PHOTO)
    return max(by_steps, _falling(float(likeness(before, after)), OWN, SAME))


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


def _falling(value: float, low: float, high: float) -> float:
    t = min(max((high - value) / (high - low), 0.0), 1.0)
    return t * t * (3 - 2 * t)


def step_spread(picture: Tensor) -> float:
    """Mean absolute step between neighbouring pixels' luma / root mean square of the steps: 1 where all are alike."""
    luma = picture.float().mean(0)  # (h, w)
    steps = torch.cat([luma.diff(dim=0).flatten(), luma.diff(dim=1).flatten()])
    energy = float(steps.square().sum())
    return float(steps.abs().sum()) / (energy * len(steps)) ** 0.5 if energy > 1e-9 else 1.0
