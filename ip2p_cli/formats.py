"""Image formats by name and suffix. Nothing here imports an image library."""

from __future__ import annotations

import re

from ip2p_cli.errors import UsageError
from ip2p_cli.suggest import did_you_mean

# Suffixes that count in a folder. A file named outright is tried whatever it is called.
SUFFIX_FORMAT = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".png": "PNG",
    ".apng": "PNG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".avif": "AVIF",
    ".heic": "HEIF",
    ".heif": "HEIF",
    ".bmp": "BMP",
    ".gif": "GIF",
    ".jp2": "JPEG2000",
    ".ppm": "PPM",
    ".pgm": "PPM",
    ".tga": "TGA",
}
# Pillow's names of the formats that are read, whatever a file is called; the last needs an extra.
READABLE = ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "GIF", "BMP", "DIB", "JPEG2000", "PPM", "TGA", "HEIF")
SAME_AS = {"MPO": "JPEG", "DIB": "BMP"}  # MPO: a camera's JPEG with a second, hidden frame
# --format NAME -> (Pillow's name, suffix)
WRITABLE = {
    "jpeg": ("JPEG", ".jpg"),
    "jpg": ("JPEG", ".jpg"),
    "png": ("PNG", ".png"),
    "webp": ("WEBP", ".webp"),
    "tiff": ("TIFF", ".tif"),
    "avif": ("AVIF", ".avif"),
}


_SIGNATURES = {
    rb"\xff\xd8\xff": "JPEG",
    rb"\x89PNG\r\n\x1a\n": "PNG",
    rb"GIF8[79]a": "GIF",
    rb"RIFF....WEBP": "WEBP",
    rb"II[*+]\0|MM\0[*+]": "TIFF",
    rb"....ftypavi[fs]": "AVIF",
    rb"....ftyp(hei[cmsx]|hev[cmsx]|mif1|msf1)": "HEIF",
    rb"\0\0\0\x0cjP  \r\n|\xff\x4f\xff\x51": "JPEG2000",
    rb"P[1-6]\s": "PPM",
    rb"BM": "BMP",
}


def format_of_bytes(data: bytes) -> str | None:
    """Pillow's name of the format that a file's first bytes tell, without decoding any of it."""
    head = data[:64]
    if head[4:8] == b"ftyp" and b"avif" in head[8:]:  # some AVIF files put another brand first
        return "AVIF"
    return next((name for start, name in _SIGNATURES.items() if re.match(start, head, re.DOTALL)), None)


def suffix_of(data: bytes) -> str:
    """The suffix that suits an image's bytes; empty where they are no image."""
    format_ = format_of_bytes(data)
    return next((suffix for suffix, name in SUFFIX_FORMAT.items() if name == format_), "")


def format_of_suffix(suffix: str) -> str | None:
    """Pillow's name of the format that a suffix stands for."""
    return SUFFIX_FORMAT.get(suffix.lower())


def parse_format(name: str) -> tuple[str, str]:
    """(Pillow's name, suffix) of a `--format`.

    Raises:
        UsageError: it cannot be written.
    """
    key = name.lower().lstrip(".")
    key = {"tif": "tiff", "jpe": "jpeg"}.get(key, key)
    if key not in WRITABLE:
        raise UsageError(f"--format {name}: not a format to write; {did_you_mean(key, WRITABLE)}")
    return WRITABLE[key]
