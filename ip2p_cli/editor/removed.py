"""Where has an edit taken something away (a boat, a cloud)? There its own pixels are the picture.

The maps of `detail.py` would bring it back as a ghost: they send the boat's colours to the water's, yet its outline is
finer than the codec shows, and comes out of the full-size photo. A thing that is gone leaves strong structure of the
photo without any in the edit, while most of the picture is as it was. A look (fog, snow, night) may take structure
away, too, but changes all of the picture; there the maps, which keep the photo's detail, are right.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import max_pool2d

from ip2p_cli.editor.windows import window_means, window_variance

RADIUS = 3  # of the windows in which structure is measured, in the model's pixels
FAINT, STRONG = 0.02, 0.05  # standard deviation of the photo: below, and above which it can be something
LEFT, KEPT = 0.02, 0.06  # share of its variance up to which all is gone, and from which nothing is
SAME, LOOK = 0.04, 0.08  # median change up to which the rest is as it was, and from which all of it has a look
MARGIN, SMOOTH = 3, 2  # radii: what is gone ends a little outside its structure, softly


def removed(before: Tensor, after: Tensor) -> Tensor:
    """How much of the photo's structure is gone from the edit, (1, h, w) in [0, 1].

    Args:
        before: the photo as the model sees it, (3, h, w) in [0, 1].
        after: the edit, likewise.
    """
    structure, left = (window_variance(picture, RADIUS) for picture in (before, after))
    gone = _rising(structure.sqrt(), FAINT, STRONG) * (1 - _rising(left / (structure + 1e-6), LEFT, KEPT))
    gone = gone * (1 - _rising((after - before).abs().mean(0).median(), SAME, LOOK))
    return window_means(max_pool2d(gone.unsqueeze(0), 2 * MARGIN + 1, 1, MARGIN)[0], SMOOTH)


def _rising(x: Tensor, low: float, high: float) -> Tensor:
    t = ((x - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)
