"""Small photos for tests, with whatever a real one may carry."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from PIL import Image


def gradient(width: int = 40, height: int = 30, mode: str = "RGB") -> Image.Image:
    """A picture in which every pixel differs from its neighbours and no two sides are alike."""
    channels = [Image.linear_gradient("L").rotate(angle).resize((width, height)) for angle in (0, 90, 180, 45)]
    bands = {"RGB": 3, "RGBA": 4, "CMYK": 4, "LA": 2, "L": 1}[mode]
    return Image.merge(mode, channels[:bands]) if bands > 1 else channels[0]


def encoded(image: Image.Image, format_: str = "JPEG", **options: Any) -> bytes:
    """The picture as a file's bytes."""
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def save(path: Path, image: Image.Image | None = None, **options: Any) -> Path:
    """Write a photo; the suffix says how."""
    path.parent.mkdir(parents=True, exist_ok=True)
    (image or gradient()).save(path, **options)
    return path


def camera_exif(orientation: int = 1) -> Image.Exif:
    """EXIF as a camera writes it: maker, orientation, pixel size, GPS."""
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    exif[0x0112] = orientation
    exif[0x8769] = {0xA002: 40, 0xA003: 30, 0x920A: 35.0}
    exif[0x8825] = {1: "N", 2: (48.0, 12.0, 30.0)}
    read_back = Image.Exif()  # groups given as dicts can be saved in some formats only
    read_back.load(exif.tobytes())
    return read_back
