"""Photos that are there twice count once: their edits are the same, too, and would pass for so many more photos."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path


def without_copies(photos: Sequence[Path]) -> tuple[list[Path], tuple[str, ...]]:
    """The photos without those that are another one byte for byte, and for each of these `copy = photo that stays`."""
    first: dict[object, Path] = {}
    kept, copies = [], []
    for photo in photos:
        same = first.setdefault(_digest(photo), photo)
        if same is photo:
            kept.append(photo)
        else:
            copies.append(f"{photo.name} = {same.name}")
    return kept, tuple(copies)


def _digest(photo: Path) -> object:
    try:
        return hashlib.blake2b(photo.read_bytes()).digest()
    except OSError:  # which is told when it is to be looked at
        return photo
