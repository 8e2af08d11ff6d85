"""Image formats by name and suffix. Nothing here imports an image library."""

from __future__ import annotations

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
# --format NAME -> (Pillow's name, suffix)
WRITABLE = {
    "jpeg": ("JPEG", ".jpg"),
    "jpg": ("JPEG", ".jpg"),
    "png": ("PNG", ".png"),
    "webp": ("WEBP", ".webp"),
    "tiff": ("TIFF", ".tif"),
    "avif": ("AVIF", ".avif"),
}


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
