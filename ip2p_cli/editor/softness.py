"""Does an edit take detail away (a dreamy blur, watercolour washes)? Then the original's own must not come back.

`transfer_detail` explains an edit by maps of colour, and no map of colour blurs. What it carried to full size, seen
once more through the autoencoder, is what the edit would look like with all detail kept; where the edit itself has
clearly less energy in fine structure than that, it was softened. (Comparing with the plain photo would not do: night
or fog lower the contrast of detail too, and the codec blurs faint detail more.)
"""

from __future__ import annotations

from PIL import Image
from torch import Tensor
from torch.nn.functional import avg_pool2d

RADIUS = 2  # fine structure: what differs from its (2r+1)² neighbourhood, in the model's pixels
SOFT, SHARP = 0.85, 0.95  # share of energy at which no detail, and all of it, is kept


def share_of_detail(carried: Tensor, after: Tensor) -> float:
    """How much of the carried detail to keep, in [0, 1].

    Args:
        carried: the full-size result as the autoencoder sees it, (3, h, w) in [0, 1].
        after: the edit, likewise.
    """
    ratio = (_fine_energy(after) / max(_fine_energy(carried), 1e-9)) ** 0.5
    t = min(max((ratio - SOFT) / (SHARP - SOFT), 0.0), 1.0)
    return t * t * (3 - 2 * t)


def soften(carried: Image.Image, after: Image.Image, share: float) -> Image.Image:
    """The carried picture with only a share of its detail: the rest is the edit's own pixels, enlarged."""
    if share >= 1:
        return carried
    return Image.blend(after.resize(carried.size, Image.Resampling.BICUBIC), carried, share)


def _fine_energy(picture: Tensor) -> float:
    """Mean square of the luma's fine structure."""
    luma = picture.float().mean(0)[None, None]  # (1, 1, h, w)
    around = avg_pool2d(luma, 2 * RADIUS + 1, 1, RADIUS, count_include_pad=False)
    return float((luma - around).square().mean())
