"""Masks that a user gives: one for all photos, or a folder with one for each. 255 may change, 0 stays as it is."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ip2p_cli.errors import ItemError
from ip2p_cli.formats import format_of_suffix
from ip2p_cli.images import Photo
from ip2p_cli.types import Source

if TYPE_CHECKING:
    from PIL.Image import Image

ASPECT_SLACK = 1.5  # pixels of a mask's shorter side by which its shape may differ from the photo's: sides are rounded
NEARLY = 3  # levels that a JPEG or a colour profile puts on black and takes off white
KEPT = 4  # decoded masks: about as many photos as are prepared at once


class GivenMasks:
    """Masks in a file, or in a folder that mirrors the photos' (`photos/a/b.jpg` has `masks/a/b.png`).

    Calls may run in several threads.
    """

    def __init__(self, path: Path, decode: Callable[[bytes], Photo]) -> None:
        """`decode` is what the run decodes its photos with, under the same limits."""
        self._path, self._decode = path, decode
        self._read = functools.lru_cache(KEPT)(self._read_anew)

    def of(self, source: Source, size: tuple[int, int]) -> Image:
        """The mask of a photo of that size (mode L). One of another size, but of the photo's shape, is scaled.

        Raises:
            ItemError: there is none for it, it is broken, or of another shape.
        """
        path = self._path if self._path.is_file() else self._beside(source)
        try:
            facts = path.stat()
        except OSError as problem:
            raise _unreadable(path, problem) from None
        mask = self._read(path, facts.st_mtime_ns, facts.st_size)
        if mask.size == size:
            return mask
        if abs(size[0] * mask.height - size[1] * mask.width) > ASPECT_SLACK * max(size):
            raise ItemError(f"its mask {path} is {mask.width} x {mask.height}, the photo {size[0]} x {size[1]}")
        from PIL.Image import Resampling

        return mask.resize(size, Resampling.BILINEAR)  # which makes nothing darker or lighter than it was

    def _beside(self, source: Source) -> Path:
        wanted = self._path / source.relative
        folder = wanted.parent
        found = sorted(folder.glob(f"{_literal(wanted.stem)}.*")) if folder.is_dir() else []
        images = [path for path in found if format_of_suffix(path.suffix) and not _is_photo(path, source)]
        own = [path for path in images if path.stem == wanted.name]  # b.jpg.png, as --mask-out writes it
        masks = own or [path for path in images if path.stem == wanted.stem]
        if len(masks) == 1:
            return masks[0]
        if not masks:
            raise ItemError(f"there is no mask for it: no {wanted.with_suffix('')}.png (or other image)")
        raise ItemError(f"several masks are for it: {masks[0]} and {masks[1]}; leave one")

    def _read_anew(self, path: Path, *_changed: int) -> Image:
        """The mask's lightness; where it is transparent, 0. A file that has changed is another one to the cache."""
        from PIL import ImageChops

        try:
            photo = self._decode(path.read_bytes())
        except OSError as problem:
            raise _unreadable(path, problem) from None
        except ItemError as problem:
            raise ItemError(f"its mask {path}: {problem}") from None
        light = photo.rgb.convert("L")
        mask = light if photo.alpha is None else ImageChops.multiply(light, photo.alpha)
        return mask.point([_snapped(level) for level in range(256)])


def keep_outside(edited: Image, photo: Image, mask: Image) -> Image:
    """The edit where the mask is 255, the photo, bit for bit, where it is 0; at the edit's size."""
    from PIL import Image

    if edited.size != photo.size:  # the model's own pixels were asked for
        photo, mask = photo.resize(edited.size), mask.resize(edited.size)
    return Image.composite(edited, photo, mask)


def _snapped(level: int) -> int:
    """What is black or white to the eye, is so."""
    return 0 if level <= NEARLY else 255 if level >= 255 - NEARLY else level


def _is_photo(path: Path, source: Source) -> bool:
    """Whether that is the photo itself: it is no mask, should the folder of the masks be that of the photos."""
    try:
        return source.path is not None and path.samefile(source.path)
    except OSError:  # a broken link: reading it says so
        return False


def _unreadable(path: Path, problem: OSError) -> ItemError:
    return ItemError(f"its mask {path} cannot be read: {problem.strerror or problem}")


def _literal(stem: str) -> str:
    """A file name as a pattern that matches nothing else."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in stem)
