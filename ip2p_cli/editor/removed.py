"""Where has an edit taken something away (a boat, a cloud)? There its own pixels are the picture.

The maps of `detail.py` would bring it back as a ghost: they send the boat's colours to the water's, yet its outline is
finer than the codec shows, and comes out of the full-size photo. A thing that is gone leaves strong structure of the
photo without any in the edit; a look changes structure everywhere alike.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import max_pool2d

from ip2p_cli.editor.windows import window_means

RADIUS = 3  # of the windows in which structure is measured, in the model's pixels
FAINT, STRONG = 0.02, 0.05  # standard deviation of the photo: below, and above which it can be something
LEFT, KEPT = 0.02, 0.06  # share of its variance, against the look's, up to which all is gone, and nothing is
USUAL = 0.75  # quantile of that share which is the look's own
FAINTEST = 0.05  # of such shares: where next to nothing is left anywhere, it is not a look
LEAST = 20  # pixels with strong structure that tell of the look
MARGIN, SMOOTH = 3, 2  # radii: what is gone ends a little outside its structure, softly


def removed(before: Tensor, after: Tensor) -> Tensor:
    """How much of the photo's structure is gone from the edit, (1, h, w) in [0, 1].

    Args:
        before: the photo as the model sees it, (3, h, w) in [0, 1].
        after: the edit, likewise.
    """
    structure, left = _variance(before), _variance(after)
    strong = structure > STRONG**2
    share = left / (structure + 1e-6)
    look = float(share[strong].quantile(USUAL)) if int(strong.sum()) > LEAST else 1.0
    share = share / min(max(look, FAINTEST), 1.0)
    gone = _rising(structure.sqrt(), FAINT, STRONG) * (1 - _rising(share, LEFT, KEPT))
    return window_means(max_pool2d(gone.unsqueeze(0), 2 * MARGIN + 1, 1, MARGIN)[0], SMOOTH)


def _variance(picture: Tensor) -> Tensor:
    """(3, h, w) -> (1, h, w): the mean of the channels' variances around each pixel."""
    mean = window_means(picture, RADIUS)
    return (window_means(picture.square(), RADIUS) - mean.square()).clamp(min=0).mean(0, keepdim=True)


def _rising(x: Tensor, low: float, high: float) -> Tensor:
    t = ((x - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)
