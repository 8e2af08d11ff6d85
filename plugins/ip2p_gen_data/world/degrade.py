"""What small autoencoders and storage do to pictures: a little blur, noise, JPEG. For calibration and measuring."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Picture = NDArray[np.uint8]

DEGRADATIONS = ("clean", "blur", "noise", "jpeg", "all")


def degrade(picture: Picture, how: str, rng: np.random.Generator) -> Picture:
    """A picture (h, w, 3) blurred by sigma 0.7, with noise of sigma 0.03, as JPEG of quality 75, or all in turn."""
    if how in ("blur", "all"):
        picture = np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(0.7)))
    if how in ("noise", "all"):
        noisy = picture + rng.normal(0, 0.03 * 255, picture.shape)
        picture = np.clip(np.round(noisy), 0, 255).astype(np.uint8)
    if how in ("jpeg", "all"):
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=75)
        picture = np.asarray(Image.open(file).convert("RGB"))
    return picture
