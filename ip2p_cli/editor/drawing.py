"""Is an edit drawn (blocks, flat paint, hard outlines)? Then the photo's detail is no part of it.

A drawing is flat with few, steep steps; a photo changes a little everywhere. The mean of a picture's steps against
their root mean square tells: it is small where few steps hold all the change. The edit is compared with what
`transfer_detail` carried to full size, seen once more through the autoencoder, so that the codec counts for both.
`painting.py` enlarges what is drawn.
"""

from __future__ import annotations

import torch
from torch import Tensor

DRAWN, PHOTO = 0.80, 0.88  # spread of the edit's steps against the carried picture's: all, and nothing, is drawn


def share_drawn(carried: Tensor, after: Tensor) -> float:
    """How much of the result should be drawn, in [0, 1].

    Args:
        carried: the full-size result as the autoencoder sees it, (3, h, w) in [0, 1].
        after: the edit, likewise.
    """
    spread = step_spread(after) / step_spread(carried)
    t = min(max((PHOTO - spread) / (PHOTO - DRAWN), 0.0), 1.0)
    return t * t * (3 - 2 * t)


def step_spread(picture: Tensor) -> float:
    """Mean absolute step between neighbouring pixels' luma / root mean square of the steps: 1 where all are alike."""
    luma = picture.float().mean(0)  # (h, w)
    steps = torch.cat([luma.diff(dim=0).flatten(), luma.diff(dim=1).flatten()])
    energy = float(steps.square().sum())
    return float(steps.abs().sum()) / (energy * len(steps)) ** 0.5 if energy > 1e-9 else 1.0
