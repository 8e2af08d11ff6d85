"""How far edits are from what they should be: the one place where measures of validation pictures are made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image


def compare(
    before: Sequence[Image.Image],
    edited: Sequence[Image.Image],
    target: Sequence[Image.Image],
    instructions: Sequence[str],
) -> dict[str, float]:
    """Figures of n edits, pictures RGB and of one size each: mean absolute and mean squared difference, in [0, 1]."""
    differences = [_pixels(one) - _pixels(other) for one, other in zip(edited, target, strict=True)]
    return {
        "l1": float(np.mean([np.abs(difference).mean() for difference in differences])),
        "l2": float(np.mean([np.square(difference).mean() for difference in differences])),
    }


def _pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image, np.float32) / 255
