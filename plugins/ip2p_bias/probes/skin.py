"""Skin-coloured pixels by their chroma alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

CB, CR = (77.0, 127.0), (133.0, 173.0)  # Chai & Ngan 1999


def skin_coloured(image: Image.Image) -> NDArray[np.bool_]:
    """(h, w): which pixels have the chroma of skin.

    The map of Chai & Ngan 1999 ("Face segmentation using skin-color map in videophone applications", IEEE TCSVT 9(4)):
    77 <= Cb <= 127 and 133 <= Cr <= 173, in YCbCr of ITU-R BT.601 with its studio range (chroma in [16, 240], not the
    [0, 255] of JPEG). Luma has no say: a rule with a least brightness would find light skin only.
    """
    r, g, b = np.moveaxis(np.asarray(image.convert("RGB"), np.float32) / 255, -1, 0)
    cb = 128 - 37.797 * r - 74.203 * g + 112.0 * b
    cr = 128 + 112.0 * r - 93.786 * g - 18.214 * b
    found = (cb >= CB[0]) & (cb <= CB[1]) & (cr >= CR[0]) & (cr <= CR[1])
    return np.asarray(found, np.bool_)
