"""Cut-outs with names: pictures with an alpha channel that are put into photos, and taken out again."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ip2p_cli.api import UsageError

_ADD = ("add {a}", "put {a} in the picture", "insert {a}", "place {a} in the scene", "let there be {a}", "include {a}")
_REMOVE = ("remove the {n}", "take the {n} away", "erase the {n}", "get rid of the {n}", "make the {n} disappear")
_SUFFIXES = (".png", ".webp", ".tif", ".tiff", ".avif")


@dataclass(frozen=True)
class Cutout:
    """A picture with an alpha channel, and what it shows."""

    path: Path
    name: str


@dataclass(frozen=True)
class Placed:
    """A photo without and with a cut-out, and how to ask for either."""

    without: Image.Image
    with_it: Image.Image
    add: str
    remove: str


def find_cutouts(folder: Path) -> list[Cutout]:
    """All cut-outs under a folder; `red_car-2.png` shows a red car.

    Raises:
        UsageError: there are none, or one has no transparent part.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    if not paths:
        raise UsageError(f"{folder} holds no cut-outs ({' '.join(_SUFFIXES)}, with an alpha channel)")
    for path in paths:
        _open(path)
    return [Cutout(path, name_of(path)) for path in paths]


def name_of(path: Path) -> str:
    """What a cut-out is called: its file name without numbers and joints."""
    return re.sub(r"[\W\d_]+", " ", path.stem).strip().lower() or "thing"


def place(photo: Image.Image, cutouts: Sequence[Cutout], rng: np.random.Generator, words: random.Random) -> Placed:
    """Put one of the cut-outs somewhere into a photo, 25-60 % of its side, more often low than high."""
    cutout = words.choice(cutouts)
    piece = _open(cutout.path)
    scale = rng.uniform(0.25, 0.6) * min(photo.size) / max(piece.size)
    piece = piece.resize([max(1, round(side * scale)) for side in piece.size], Image.Resampling.LANCZOS)
    if rng.random() < 0.5:
        piece = piece.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    room = photo.width - piece.width, photo.height - piece.height
    spot = round(rng.random() * room[0]), round(rng.random() ** 0.5 * room[1])
    with_it = photo.copy()
    with_it.paste(piece, spot, piece)
    article = "an" if cutout.name[0] in "aeiou" else "a"
    add = words.choice(_ADD).format(a=f"{article} {cutout.name}")
    return Placed(photo, with_it, add, words.choice(_REMOVE).format(n=cutout.name))


def _open(path: Path) -> Image.Image:
    """RGBA, without its transparent border."""
    try:
        with Image.open(path) as opened:
            image = opened.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as problem:
        raise UsageError(f"{path} cannot be read ({problem}); mend it, or take it out of the folder") from None
    alpha = image.getchannel("A")
    box = alpha.getbbox()
    if box is None or alpha.getextrema()[0] == 255:
        raise UsageError(f"{path} is no cut-out: all or nothing of it is transparent; take it out of the folder")
    return image.crop(box)
