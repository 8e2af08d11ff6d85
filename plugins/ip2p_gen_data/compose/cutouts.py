"""Cut-outs with names: a folder of pictures with an alpha channel."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ip2p_cli.api import UsageError

_SUFFIXES = (".png", ".webp", ".tif", ".tiff", ".avif")
_DESCRIPTION = re.compile(r"(?:an?|the)\s+([\w -]{2,30})[.!]?", re.IGNORECASE)
_MOST_WORDS = 3  # of a description that can be a name
_NO_NAME = {"mirror", "flip", "flipped"}  # what file names say of the drawing, not of the thing


@dataclass(frozen=True)
class Cutout:
    """A picture with an alpha channel, and what it shows."""

    path: Path
    name: str


def find_cutouts(folder: Path) -> tuple[list[Cutout], list[Path]]:
    """All cut-outs under a folder, and the pictures that are none, because they have no transparent part.

    Raises:
        UsageError: there are no cut-outs, or a picture cannot be read.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    if not paths:
        raise UsageError(f"{folder} holds no cut-outs ({' '.join(_SUFFIXES)}, with an alpha channel)")
    opaque = [path for path in paths if not _is_cut_out(_read(path))]
    if len(opaque) == len(paths):
        raise UsageError(f"{opaque[0]} is no cut-out: all or nothing of it is transparent; take it out of the folder")
    return [Cutout(path, name_of(path)) for path in paths if path not in set(opaque)], opaque


def name_of(path: Path) -> str:
    """What a cut-out is called: a short description beside it ("A teddy bear." in a .txt), else its file name.

    Of the file name numbers and joints are left out: `red_car-2.png` shows a red car, `cementMixer.png` a cement mixer.
    """
    described = _DESCRIPTION.fullmatch(_first_line(path.with_suffix(".txt")))
    if described and len(described[1].split()) <= _MOST_WORDS:
        return described[1].lower()
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|[\W\d_]+", " ", path.stem).lower().split()
    return " ".join(word for word in words if word not in _NO_NAME) or "thing"


def open_cutout(cutout: Cutout) -> Image.Image:
    """RGBA, without its transparent border.

    Raises:
        UsageError: it cannot be read.
    """
    image = _read(cutout.path)
    return image.crop(image.getchannel("A").getbbox())


def _first_line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").partition("\n")[0].strip()
    except OSError:
        return ""


def _read(path: Path) -> Image.Image:
    try:
        with Image.open(path) as opened:
            return opened.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as problem:
        raise UsageError(f"{path} cannot be read ({problem}); mend it, or take it out of the folder") from None


def _is_cut_out(image: Image.Image) -> bool:
    alpha = image.getchannel("A")
    return alpha.getbbox() is not None and bool((np.asarray(alpha) < 255).any())
