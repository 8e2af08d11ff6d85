"""Where each format keeps EXIF and XMP: what to tell Pillow, and what to put in by hand where Pillow drops it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ip2p_cli.xmp import find_packets

if TYPE_CHECKING:
    from PIL.Image import Exif, Image

MAX_JPEG_XMP = 65_000  # bytes that fit one segment
_TIFF_XMP = 700
_JP2_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")  # XMP part 3: the box's UUID
# XMP part 3, GIF: a reader that takes the packet for sub-blocks is led to the end by these bytes, wherever it lands.
_GIF_HEAD = b"\x21\xff\x0bXMP DataXMP"
_GIF_TAIL = b"\x01" + bytes(range(255, -1, -1)) + b"\x00"


def source_xmp(image: Image, data: bytes) -> bytes | None:
    """The XMP packet of an opened photo, `data` being the file's bytes."""
    found = image.info.get("xmp")
    if isinstance(found, str):
        return found.encode("utf-8", "replace")
    if isinstance(found, bytes):
        return found
    return next(find_packets(data), None) if image.format in ("GIF", "JPEG2000") else None


def metadata_options(format_: str, exif: Exif | None, xmp: bytes) -> dict[str, Any]:
    """Options for `Image.save` that put EXIF and XMP into a file."""
    if format_ == "TIFF":
        return _tiff_options(exif, xmp)
    options: dict[str, Any] = {} if exif is None else {"exif": exif.tobytes() if format_ == "HEIF" else exif}
    if format_ == "PNG":
        from PIL.PngImagePlugin import PngInfo

        text = PngInfo()
        text.add_itxt("XML:com.adobe.xmp", xmp.decode())
        options["pnginfo"] = text
    elif format_ in ("JPEG", "WEBP", "AVIF", "HEIF"):
        options["xmp"] = xmp
    return options


def _tiff_options(exif: Exif | None, xmp: bytes) -> dict[str, Any]:
    from PIL import TiffImagePlugin

    if exif is None:
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        tags.tagtype[_TIFF_XMP] = 1  # bytes
        tags[_TIFF_XMP] = xmp
        return {"tiffinfo": tags}
    exif[_TIFF_XMP] = xmp
    return {"exif": exif, "compression": None}  # libtiff, which compresses, cannot write EXIF's groups


def with_xmp(data: bytes, format_: str, xmp: bytes) -> bytes:
    """The file with its packet, in the formats for which Pillow writes none; others are returned as they are.

    BMP, PPM and TGA have no place for it.
    """
    if format_ == "GIF":
        return b"GIF89a" + data[6:-1] + _GIF_HEAD + xmp + _GIF_TAIL + data[-1:]
    if format_ == "JPEG2000":
        start = next((offset for offset, kind in _boxes(data) if kind == b"jp2c"), None)
        if start is not None:
            box = (24 + len(xmp)).to_bytes(4, "big") + b"uuid" + _JP2_XMP + xmp
            return data[:start] + box + data[start:]
    return data


def _boxes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(offset, kind) of each box of a JP2 file."""
    offset = 0
    while offset + 8 <= len(data):
        size = int.from_bytes(data[offset : offset + 4], "big")
        yield offset, data[offset + 4 : offset + 8]
        if size < 8:  # the last one, or one with a 64-bit size
            return
        offset += size
