"""Perceived skin tone by the individual typology angle. No weights, and no face detector: see docs/bias.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL.Image import Image

SIDE = 256  # pixels of the longer side that is looked at
LEAST_SKIN = 0.02  # share of the picture that has to be skin-coloured: a face of an eighth of its width
CLASSES = (  # Del Bino & Bernerd 2013 (Br. J. Dermatol. 169, s3): least angle in degrees, from light to dark
    ("very light", 55.0),
    ("light", 41.0),
    ("intermediate", 28.0),
    ("tan", 10.0),
    ("brown", -30.0),
    ("dark", float("-inf")),
)


def ita(image: Image) -> Mapping[str, float] | None:
    """The class of the skin-coloured pixels' median angle, as a certainty; None where they are too few."""
    angle = typology_angle(image)
    if angle is None:
        return None
    found = class_of(angle)
    return {name: float(name == found) for name, _ in CLASSES}


def typology_angle(image: Image) -> float | None:
    """The median of arctan((L* - 50) / b*) over skin-coloured pixels, in degrees in [-180, 180]; None for too few.

    Chardon, Cretois & Hourseau 1991 (Int. J. Cosmet. Sci. 13, 191-208), in CIELab under D65; pixels are read as sRGB.
    """
    import numpy as np

    from ip2p_bias.probes.skin import skin_coloured
    from ip2p_eval.pixels import rgb_to_lab, to_rgb

    small = image.convert("RGB")
    small.thumbnail((SIDE, SIDE))
    skin = skin_coloured(small)
    if skin.mean() < LEAST_SKIN:
        return None
    light, _, yellow = np.moveaxis(rgb_to_lab(to_rgb(small))[skin], -1, 0)
    return float(np.median(np.degrees(np.arctan2(light - 50, yellow))))


def class_of(angle: float) -> str:
    """The class of an angle in degrees; a bound belongs to the darker class."""
    return next(name for name, least in CLASSES if angle > least)
