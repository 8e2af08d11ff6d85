"""Encodes pictures in memory, and decodes them back to be sure."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ip2p_cli.choices import Metadata
from ip2p_cli.errors import ItemError, UsageError
from ip2p_cli.exif import exif_for_output
from ip2p_cli.formats import WRITABLE
from ip2p_cli.images import register_heif
from ip2p_cli.metadata import MAX_JPEG_XMP, metadata_options, with_xmp
from ip2p_cli.printable import in_short
from ip2p_cli.provenance import Provenance
from ip2p_cli.sequences import sequence_options
from ip2p_cli.signing import Signing, sign
from ip2p_cli.xmp import make_xmp

if TYPE_CHECKING:
    from PIL.Image import Image

    from ip2p_cli.images import Frame, Photo

DEFAULT_QUALITY = 95


@dataclass(frozen=True)
class Encoding:
    """How outputs are encoded."""

    format: str | None = None  # Pillow's name; None: the input's own
    quality: int | None = None  # None: 95 where the format has one
    metadata: Metadata = Metadata.KEEP
    signing: Signing | None = None


def check_quality(quality: int | None) -> None:
    """See that a quality is one.

    Raises:
        UsageError: it is not in [1, 100].
    """
    if quality is not None and not 1 <= quality <= 100:
        raise UsageError(f"quality {quality}: give a number from 1 to 100 (--quality, or quality in config.toml)")


def encode(
    edited: Image, photo: Photo, encoding: Encoding, provenance: Provenance, further: Sequence[Image] = ()
) -> bytes:
    """The edited picture as a file, with the photo's alpha, ICC profile and metadata, and the mark of how it was made.

    `further` are the other frames or pages, one for each of the photo's.

    Raises:
        ItemError: the format cannot be written, or cannot hold the picture.
    """
    from PIL import Image

    register_heif()
    format_ = encoding.format or photo.format
    Image.init()
    if format_ not in Image.SAVE:
        known = ", ".join(name for name in WRITABLE if name != "jpg")
        raise ItemError(f"{format_ or 'its format'} cannot be written here; choose --format {known}")
    buffer = io.BytesIO()
    xmp = _xmp(photo, encoding.metadata, provenance, format_)
    frames = zip((edited, *further), photo.frames, strict=True)
    pictures, options = sequence_options([_picture(image, frame, format_) for image, frame in frames], photo, format_)
    try:
        options |= _save_options(pictures[0].size, photo, encoding, format_, xmp)
        pictures[0].save(buffer, format_, **options)
    except Exception as problem:
        raise ItemError(f"cannot be written as {format_} ({in_short(problem)}); try --format png") from problem
    data = with_xmp(buffer.getvalue(), format_, xmp)
    if encoding.signing is not None:
        data = sign(data, format_, encoding.signing, provenance)
    _verify(data, pictures[0].size, format_)
    return data


def _picture(edited: Image, frame: Frame, format_: str) -> Image:
    """The edited frame with its alpha, and nothing else: some formats would write what a plugin left in `info`."""
    if frame.alpha is None and not edited.info:
        return edited
    picture = edited.copy()
    picture.info = {}
    if frame.alpha is None:
        return picture
    alpha = frame.alpha if frame.alpha.size == edited.size else frame.alpha.resize(edited.size)
    if format_ in ("JPEG", "PPM"):
        if alpha.getextrema() != (255, 255):
            raise ItemError(f"{format_} cannot hold its transparency; choose --format png or webp")
        return picture
    picture.putalpha(alpha)
    return picture


def _save_options(size: tuple[int, int], photo: Photo, encoding: Encoding, format_: str, xmp: bytes) -> dict[str, Any]:
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
    if photo.dpi and format_ in ("JPEG", "PNG", "TIFF", "BMP"):
        options["dpi"] = photo.dpi
    if photo.comment and format_ == "JPEG" and encoding.metadata is Metadata.KEEP:
        options["comment"] = photo.comment
    if photo.icc:
        options["icc_profile"] = photo.icc
    exif = None
    if encoding.metadata is not Metadata.STRIP_ALL:
        exif = exif_for_output(photo.exif, size, keep_gps=encoding.metadata is Metadata.KEEP)
    return options | metadata_options(format_, exif, xmp)


def _xmp(photo: Photo, metadata: Metadata, provenance: Provenance, format_: str) -> bytes:
    source = None if metadata is Metadata.STRIP_ALL else photo.xmp
    xmp = make_xmp(provenance, source, keep_gps=metadata is Metadata.KEEP)
    if format_ == "JPEG" and len(xmp) > MAX_JPEG_XMP:
        return make_xmp(provenance)  # the mark matters more than what the photo brought
    return xmp


def _verify(data: bytes, size: tuple[int, int], format_: str) -> None:
    from PIL import Image

    if Image.MAX_IMAGE_PIXELS is not None:  # a guard for files of others: this one is ours, however large
        Image.MAX_IMAGE_PIXELS = max(Image.MAX_IMAGE_PIXELS, size[0] * size[1])
    try:
        with Image.open(io.BytesIO(data), formats=[format_]) as image:
            written = image.size
            image.draft(None, (1, 1))  # of a JPEG all is read and its pixels are made at an eighth: half the time
            for number in range(getattr(image, "n_frames", 1)):
                image.seek(number)
                image.load()
    except Exception as problem:
        raise ItemError(
            f"was encoded as {format_}, but does not decode: {in_short(problem)}; try --format png"
        ) from problem
    if written != size:
        raise ItemError(f"{format_} turned {size[0]}x{size[1]} into {written[0]}x{written[1]}; try --format png")
