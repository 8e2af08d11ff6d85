"""Pixels of any kind -> 8-bit RGB and alpha: palettes, deep greys by scale, CMYK and Lab by their profiles."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from ip2p_cli.errors import ItemError

if TYPE_CHECKING:
    from PIL.Image import Image

_DEEP = ("I", "I;16", "I;16B", "I;16L", "I;16N", "F")  # Pillow's modes of more than 8 bits
_BY_PROFILE = {"CMYK": b"CMYK", "LAB": b"Lab ", "L": b"GRAY", "LA": b"GRAY"}  # mode -> colour space of its profile


def alpha_of(image: Image) -> Image | None:
    """The transparency as a mode L image, if there is any."""
    if not image.has_transparency_data:
        return None
    if image.mode in _DEEP:
        return _alpha_of_deep(image)
    return image.convert("RGBA").getchannel("A")


def to_rgb(image: Image, icc: bytes | None) -> tuple[Image, bytes | None]:
    """8-bit RGB and its profile. An RGB profile is kept; by one of another kind the photo is converted to sRGB."""
    if image.mode in _DEEP:
        return _scaled(image).convert("RGB"), None
    space = _colour_space(icc)
    if icc and image.mode in _BY_PROFILE and space == _BY_PROFILE[image.mode]:
        converted = _by_profile(image, icc)
        if converted is not None:
            return converted
    kept = icc if space == b"RGB " and image.mode not in ("L", "LA", "La", "1", "CMYK", "LAB") else None
    if image.mode == "RGB":
        return image, kept
    if image.mode in ("P", "PA", "LA", "RGBA", "RGBa", "La"):
        return image.convert("RGBA").convert("RGB"), kept
    return image.convert("RGB"), kept


def _colour_space(icc: bytes | None) -> bytes:
    """The colour space that a profile's header names; empty where it is none."""
    return icc[16:20] if icc and len(icc) >= 128 and icc[36:40] == b"acsp" else b""


def _by_profile(image: Image, icc: bytes) -> tuple[Image, bytes] | None:
    from PIL import ImageCms

    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    source = image.convert("L") if image.mode == "LA" else image
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        converted = ImageCms.profileToProfile(source, profile, srgb, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None  # a broken profile: go without it
    return None if converted is None else (converted, _srgb_without_date(srgb.tobytes()))


def _srgb_without_date(profile: bytes) -> bytes:
    """The profile dated to the start of 2000: it is made on the spot, and an output must not tell when."""
    date = b"".join(number.to_bytes(2, "big") for number in (2000, 1, 1, 0, 0, 0))
    return profile[:24] + date + profile[36:]


def _scaled(image: Image) -> Image:
    """Deep greys to 8 bits by scale, never by clipping: 65535 is white in 16 bits, the brightest pixel beyond."""
    import numpy
    from PIL import Image

    values = numpy.array(image, dtype=numpy.float32)  # (h, w)
    if not numpy.isfinite(values).all():
        raise ItemError("it holds NaN or infinite pixels; export it as 8 or 16 bit")
    values -= min(float(values.min()), 0.0)
    top = float(values.max())
    if image.mode == "F":
        white = 1.0 if top <= 1.0 else 255.0 if top <= 255.0 else top
    else:
        white = 65535.0 if top <= 65535.0 else top
    values *= 255.0 / white
    values += 0.5
    return Image.fromarray(values.clip(0, 255).astype(numpy.uint8))


def _alpha_of_deep(image: Image) -> Image | None:
    """A 16-bit grey PNG may name one value that is transparent."""
    import numpy
    from PIL import Image

    clear = image.info.get("transparency")
    if not isinstance(clear, int):
        return None
    return Image.fromarray(numpy.where(numpy.asarray(image) == clear, 0, 255).astype(numpy.uint8))
