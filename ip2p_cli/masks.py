"""Masks that a user gives: one for all photos, or a folder with one for each. 255 may change, 0 stays as it is."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ip2p_cli.errors import ItemError, UsageError
from ip2p_cli.formats import format_of_suffix
from ip2p_cli.images import decode
from ip2p_cli.types import Source

if TYPE_CHECKING:
    from PIL.Image import Image

OPTION = "--mask"
ASPECT_SLACK = 1.5  # pixels of a mask's shorter side by which its shape may differ from the photo's: sides are rounded


@dataclass(frozen=True)
class GivenMasks:
    """Masks in a file, or in a folder that mirrors the photos' (`photos/a/b.jpg` has `masks/a/b.png`)."""

    path: Path

    @classmethod
    def at(cls, path: Path) -> GivenMasks:
        """Raises UsageError where there is nothing."""
        found = path.expanduser()
        if not found.exists():
            raise UsageError(f"{OPTION} {path}: there is no such file or folder; check the name")
        return cls(found)

    def of(self, source: Source, size: tuple[int, int]) -> Image:
        """The mask of a photo of that size (mode L). One of another size, but of the photo's shape, is scaled.

        Raises:
            ItemError: there is none for it, it is broken, or of another shape.
        """
        path = self.path if self.path.is_file() else self._beside(source)
        mask = _read(path)
        if mask.size == size:
            return mask
        if abs(size[0] * mask.height - size[1] * mask.width) > ASPECT_SLACK * max(size):
            raise ItemError(f"its mask {path} is {mask.width} x {mask.height}, the photo {size[0]} x {size[1]}")
        from PIL.Image import Resampling

        return mask.resize(size, Resampling.BILINEAR)

    def _beside(self, source: Source) -> Path:
        wanted = self.path / source.relative
        folder = wanted.parent
        found = sorted(folder.glob(f"{_literal(wanted.stem)}.*")) if folder.is_dir() else []
        images = [path for path in found if format_of_suffix(path.suffix)]
        own = [path for path in images if path.stem == wanted.name]  # b.jpg.png, as --mask-out writes it
        masks = own or [path for path in images if path.stem == wanted.stem]
        if len(masks) == 1:
            return masks[0]
        if not masks:
            raise ItemError(f"there is no mask for it: no {wanted.with_suffix('')}.png (or other image)")
        raise ItemError(f"several masks are for it: {masks[0]} and {masks[1]}; leave one")


@functools.lru_cache(maxsize=4)
def _read(path: Path) -> Image:
    """The mask's lightness; where it is transparent, 0. The last few are kept: all photos may share one."""
    from PIL import ImageChops

    try:
        photo = decode(path.read_bytes(), first_only=True)
    except OSError as problem:
        raise ItemError(f"its mask {path} cannot be read: {problem.strerror or problem}") from None
    except ItemError as problem:
        raise ItemError(f"its mask {path}: {problem}") from None
    light = photo.rgb.convert("L")
    return light if photo.alpha is None else ImageChops.multiply(light, photo.alpha)


def keep_outside(edited: Image, photo: Image, mask: Image) -> Image:
    """The edit where the mask is 255, the photo, bit for bit, where it is 0; at the edit's size."""
    from PIL import Image

    if edited.size != photo.size:  # the model's own pixels were asked for
        photo, mask = photo.resize(edited.size), mask.resize(edited.size)
    return Image.composite(edited, photo, mask)


def _literal(stem: str) -> str:
    """A file name as a pattern that matches nothing else."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in stem)
