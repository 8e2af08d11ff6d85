"""Encodes pictures in memory, and decodes them back to be sure."""

from __future__ import annotations

import io
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from ip2p_cli.errors import ItemError, UsageError
from ip2p_cli.formats import WRITABLE

if TYPE_CHECKING:
    from PIL.Image import Exif, Image

    from ip2p_cli.images import Photo

DEFAULT_QUALITY = 95
_GPS_TAG = 0x8825


class Metadata(str, Enum):
    """What an output keeps of the input's EXIF. The ICC profile always stays: without it the colours are wrong."""

    KEEP = "keep"
    STRIP_GPS = "strip-gps"
    STRIP_ALL = "strip-all"


@dataclass(frozen=True)
class Encoding:
    """How outputs are encoded."""

    format: str | None = None  # Pillow's name; None: the input's own
    quality: int | None = None  # None: 95 where the format has one
    metadata: Metadata = Metadata.KEEP


def check_quality(quality: int | None) -> None:
    """See that a quality is one.

    Raises:
        UsageError: it is not in [1, 100].
    """
    if quality is not None and not 1 <= quality <= 100:
        raise UsageError(f"--quality {quality}: give a number from 1 to 100")


def encode(edited: Image, photo: Photo, encoding: Encoding) -> bytes:
    """The edited picture as a file, with the photo's alpha, ICC profile and EXIF.

    Raises:
        ItemError: the format cannot be written, or cannot hold the picture.
    """
    from PIL import Image

    format_ = encoding.format or photo.format
    Image.init()
    if format_ not in Image.SAVE:
        known = ", ".join(name for name in WRITABLE if name != "jpg")
        raise ItemError(f"{format_ or 'its format'} cannot be written here; choose --format {known}")
    buffer = io.BytesIO()
    try:
        _with_alpha(edited, photo, format_).save(buffer, format_, **_save_options(edited, photo, encoding, format_))
    except ItemError:
        raise
    except Exception as problem:
        raise ItemError(f"cannot be written as {format_} ({problem}); try --format png") from problem
    data = buffer.getvalue()
    _verify(data, edited.size, format_)
    return data


def _with_alpha(edited: Image, photo: Photo, format_: str) -> Image:
    if photo.alpha is None:
        return edited
    alpha = photo.alpha if photo.alpha.size == edited.size else photo.alpha.resize(edited.size)
    if format_ in ("JPEG", "PPM"):
        if alpha.getextrema() != (255, 255):
            raise ItemError(f"{format_} cannot hold its transparency; choose --format png or webp")
        return edited
    picture = edited.copy()
    picture.putalpha(alpha)
    return picture


def _save_options(edited: Image, photo: Photo, encoding: Encoding, format_: str) -> dict[str, Any]:
    quality = encoding.quality or DEFAULT_QUALITY
    by_format: dict[str, dict[str, Any]] = {
        "JPEG": {"quality": quality, "subsampling": 0 if quality >= 90 else 2, "optimize": True},
        "WEBP": {"quality": quality, "exact": True},
        "AVIF": {"quality": quality},
        "HEIF": {"quality": quality},
        "TIFF": {"compression": "tiff_lzw"},
        "JPEG2000": {"irreversible": False},
    }
    options = by_format.get(format_, {})
    if photo.icc:
        options["icc_profile"] = photo.icc
    exif = _exif(photo.exif, encoding.metadata, edited.size)
    if exif:
        options["exif"] = exif
        if format_ == "TIFF":
            options["compression"] = None  # libtiff, which compresses, cannot write EXIF's groups
    return options


def _exif(exif: bytes | None, metadata: Metadata, size: tuple[int, int]) -> bytes | None:
    if exif is None or metadata is Metadata.STRIP_ALL:
        return None
    from PIL import Image

    tags: Exif = Image.Exif()
    tags.load(exif)
    if metadata is Metadata.STRIP_GPS:
        tags.pop(_GPS_TAG, None)
    details = tags.get_ifd(0x8769)
    for tag, pixels in zip((0xA002, 0xA003), size, strict=True):
        if tag in details:
            details[tag] = pixels
    return tags.tobytes()


def _verify(data: bytes, size: tuple[int, int], format_: str) -> None:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            written = image.size
    except Exception as problem:
        raise ItemError(f"was encoded as {format_}, but does not decode ({problem}); try --format png") from problem
    if written != size:
        raise ItemError(f"{format_} turned {size[0]}x{size[1]} into {written[0]}x{written[1]}; try --format png")
