"""Distances and similarities of pictures, by their papers' definitions. Vectors are (n, d) unit vectors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn.functional import cosine_similarity

Scores = NDArray[np.float64]  # (n,)


def similarity(one: Tensor, other: Tensor) -> Scores:
    """Cosine of each pair of rows, in [-1, 1]."""
    return _numbers(cosine_similarity(one.double(), other.double()))


def direction_similarity(before: Tensor, after: Tensor, caption: Tensor, edited_caption: Tensor) -> Scores:
    """cos(after − before, edited_caption − caption), in [-1, 1]; 0 where one of them did not change.

    Gal et al. 2022 (arXiv 2108.00946), on unit vectors as in InstructPix2Pix. Equal pictures have vectors
    that differ by rounding only, the direction of which would be noise.
    """
    image, text = (after - before).double(), (edited_caption - caption).double()
    found = cosine_similarity(image, text)
    changed = (image.norm(dim=-1) > 1e-5) & (text.norm(dim=-1) > 1e-5)
    return _numbers(found * changed)


def pixel_distances(picture: Image.Image, target: Image.Image) -> tuple[float, float]:
    """(L1, L2): mean absolute and mean squared difference of RGB in [0, 1], the picture resized to the target's size.

    As MagicBrush's `evaluation/image_eval.py` has it; its L2 has no square root.
    """
    rgb = picture.convert("RGB")
    if rgb.size != target.size:
        rgb = rgb.resize(target.size)
    difference = (np.asarray(rgb, np.float64) - np.asarray(target.convert("RGB"), np.float64)) / 255
    return float(np.abs(difference).mean()), float((difference**2).mean())


def _numbers(values: Tensor) -> Scores:
    return np.asarray(values.cpu().numpy(), np.float64)
