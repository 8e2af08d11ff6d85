"""Bytes -> Photo: upright RGB, with the alpha, ICC profile and EXIF that the output has to keep."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ip2p_cli.errors import ItemError
from ip2p_cli.exif import clean_exif, read_exif
from ip2p_cli.metadata import source_xmp

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_MEGAPIXELS = 178
_DEEP = ("I", "I;16", "I;16B", "I;16L", "I;16N", "F")  # Pillow's modes of more than 8 bits
_SAME_AS = {"MPO": "JPEG"}  # a camera's JPEG with a second, hidden frame


@dataclass(frozen=True)
class Photo:
    """A decoded photo. `rgb` is upright; `alpha` (mode L) and `exif` fit it: the orientation tag says 1."""

    rgb: Image
    format: str  # Pillow's name
    alpha: Image | None = None
    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None  # as it was found


def decode(data: bytes, *, max_megapixels: int = MAX_MEGAPIXELS) -> Photo:
    """Decode a photo.

    Raises:
        ItemError: it is empty, no image, damaged, animated, or larger than `max_megapixels`.
    """
    from PIL import Image, UnidentifiedImageError

    register_heif()
    if not data:
        raise ItemError("the file is empty; fetch or export it again")
    Image.MAX_IMAGE_PIXELS = max_megapixels * 1_000_000  # Pillow's own guard, for sizes found while decoding
    try:
        with Image.open(io.BytesIO(data)) as image:
            _refuse(image, max_megapixels)
            return _photo(image, data)
    except ItemError:
        raise
    except UnidentifiedImageError:
        raise ItemError(_unidentified(data)) from None
    except Image.DecompressionBombError:
        raise ItemError(_too_large(max_megapixels)) from None
    except MemoryError:
        raise ItemError("not enough memory to decode it; use a smaller copy") from None
    except Exception as problem:  # decoders raise whatever they please on damaged files
        raise ItemError(f"it is damaged and cannot be decoded ({problem}); export it again") from problem


def register_heif() -> None:
    """Have Pillow read and write HEIF, if the extra is installed."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return
    register_heif_opener()


def _refuse(image: Image, max_megapixels: int) -> None:
    if image.width * image.height > max_megapixels * 1_000_000:
        raise ItemError(f"{image.width}x{image.height} pixels: {_too_large(max_megapixels)}")
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format not in _SAME_AS:
        raise ItemError(f"it has {frames} frames or pages; save the one to edit as a file of its own")
    if image.format == "EPS":
        raise ItemError("EPS is a program, not a photo; export it as PNG")


def _too_large(max_megapixels: int) -> str:
    return f"larger than {max_megapixels} megapixels; set max_megapixels in the config file to allow it"


def _unidentified(data: bytes) -> str:
    if re.match(rb"....ftyp(hei|hev|mif1|msf1)", data, re.DOTALL):
        return "HEIF needs an extra: pip install 'ip2p[heif]'"
    if b"\0" not in data[:512]:
        return "it is text, not an image; check the file"
    return "no known image format, or damaged at its start; export it as JPEG or PNG"


def _photo(image: Image, data: bytes) -> Photo:
    format_ = _SAME_AS.get(image.format or "", image.format or "")
    image.load()
    exif = read_exif(image)
    xmp = source_xmp(image, data)
    icc = image.info.get("icc_profile")
    upright = _upright(image)
    has_alpha = upright.has_transparency_data and upright.mode not in _DEEP
    alpha = upright.convert("RGBA").getchannel("A") if has_alpha else None
    rgb, icc = _to_rgb(upright, icc)
    return Photo(rgb, format_, alpha, icc, clean_exif(exif, rgb.size), xmp)


def _upright(image: Image) -> Image:
    from PIL import ImageOps

    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # damaged EXIF is no reason to refuse a good photo
        return image


def _to_rgb(image: Image, icc: bytes | None) -> tuple[Image, bytes | None]:
    """8-bit RGB. An RGB profile is kept; photos with a profile of another kind are converted to sRGB by it."""
    if image.mode == "RGB":
        return image, icc
    if image.mode in _DEEP:
        return _scaled(image).convert("RGB"), None
    if image.mode in ("CMYK", "LAB", "L", "LA") and icc:
        converted = _by_profile(image, icc)
        if converted is not None:
            return converted
    if image.mode in ("P", "PA", "LA", "RGBA", "RGBa", "La"):
        return image.convert("RGBA").convert("RGB"), icc if image.mode not in ("LA", "La") else None
    return image.convert("RGB"), icc if image.mode in ("RGBX", "YCbCr", "HSV") else None


def _by_profile(image: Image, icc: bytes) -> tuple[Image, bytes] | None:
    from PIL import ImageCms

    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    source = image.convert("L") if image.mode == "LA" else image
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        converted = ImageCms.profileToProfile(source, profile, srgb, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None  # a broken profile, or one of another kind than the pixels: go without it
    return None if converted is None else (converted, srgb.tobytes())


def _scaled(image: Image) -> Image:
    """Deep greys to 8 bits by scale, never by clipping: 65535 is white in 16 bits, the brightest pixel beyond."""
    import numpy
    from PIL import Image

    values = numpy.asarray(image).astype(numpy.float64)  # (h, w)
    if not numpy.isfinite(values).all():
        raise ItemError("it holds NaN or infinite pixels; export it as 8 or 16 bit")
    values -= min(values.min(), 0.0)
    top = values.max()
    if image.mode == "F":
        white = 1.0 if top <= 1.0 else 255.0 if top <= 255.0 else top
    else:
        white = 65535.0 if top <= 65535.0 else top
    return Image.fromarray((values * (255.0 / white) + 0.5).clip(0, 255).astype(numpy.uint8))


def suffix_of(data: bytes) -> str:
    """The suffix that suits an image's bytes; empty where they are no image."""
    from PIL import Image

    from ip2p_cli.formats import SUFFIX_FORMAT

    register_heif()
    try:
        with Image.open(io.BytesIO(data)) as image:
            format_ = _SAME_AS.get(image.format or "", image.format)
    except Exception:  # decoding it will say what is wrong
        return ""
    return next((suffix for suffix, name in SUFFIX_FORMAT.items() if name == format_), "")
