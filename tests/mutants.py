"""Damaged copies of small photos of every kind, each from its number alone."""

from __future__ import annotations

import random

from PIL import Image, ImageCms

from tests import canaries
from tests.photos import encoded, gradient


def seeds() -> list[bytes]:
    """Whole photos: formats, modes, animations, pages, metadata."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    small, frames = gradient(24, 16), [gradient(24, 16).rotate(angle) for angle in (90, 180)]
    several = {"save_all": True, "append_images": frames}
    return [
        *canaries.photos().values(),
        encoded(small, "JPEG", progressive=True, icc_profile=srgb),
        encoded(gradient(24, 16, "CMYK"), "JPEG"),
        encoded(gradient(24, 16, "L"), "JPEG"),
        encoded(gradient(24, 16, "RGBA"), "PNG"),
        encoded(small.quantize(16), "PNG", transparency=3),
        encoded(Image.new("I;16", (24, 16), 40000), "PNG"),
        encoded(small, "PNG", duration=[50, 60, 70], **several),
        encoded(small, "GIF", duration=[50, 60, 70], loop=0, **several),
        encoded(small, "WEBP", duration=[50, 60, 70], **several),
        encoded(gradient(24, 16, "RGBA"), "WEBP", lossless=True),
        encoded(small, "AVIF", duration=[50, 60, 70], **several),
        encoded(small, "TIFF", **several),
        *(encoded(small, "TIFF", compression=kind) for kind in ("tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits")),
        encoded(Image.new("1", (24, 16), 1), "TIFF", compression="group4"),
        encoded(gradient(24, 16, "CMYK"), "TIFF"),
        encoded(small, "BMP"),
        encoded(small, "TGA", compression="tga_rle"),
        encoded(small, "PPM"),
        encoded(small, "JPEG2000", irreversible=True),
    ]


def mutant(originals: list[bytes], number: int) -> bytes:
    """One of them with one to eight damages, most of them near its start, where the structure is."""
    draw = random.Random(number)
    data = bytearray(originals[number % len(originals)])
    for _ in range(draw.choice((1, 1, 1, 2, 3, 8))):
        _damage(data, draw, originals)
    return bytes(data)


def _damage(data: bytearray, draw: random.Random, originals: list[bytes]) -> None:
    end = len(data) if draw.random() < 0.5 else min(len(data), 512)
    start, length = draw.randrange(end + 1), draw.choice((1, 1, 2, 4, 16, 200))
    here = slice(start, start + length)
    kind = draw.randrange(7)
    if kind == 0:
        data[here] = draw.randbytes(len(data[here]))
    elif kind == 1:
        data[here] = draw.choice((b"\0", b"\xff", b"\x7f", b"\x80")) * len(data[here])
    elif kind == 2 and start < len(data):
        data[start] ^= 1 << draw.randrange(8)
    elif kind == 3:
        del data[here]
    elif kind == 4:
        data[start:start] = data[here]
    elif kind == 5 and draw.random() < 0.3:
        del data[start:]
    else:
        other = draw.choice(originals)
        place = draw.randrange(len(other))
        data[here] = other[place : place + length]
