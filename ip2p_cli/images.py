"""Bytes -> Photo: upright RGB, frame by frame, with all that the output has to keep."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ip2p_cli.errors import ItemError, MissingExtra
from ip2p_cli.exif import clean_exif, read_exif
from ip2p_cli.formats import READABLE, SAME_AS, format_of_bytes
from ip2p_cli.metadata import source_xmp
from ip2p_cli.pixels import alpha_of, to_rgb
from ip2p_cli.printable import in_short

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_MEGAPIXELS = 178
_SUBFILE_TYPE, _REDUCED_OR_MASK = 254, 0b101  # a TIFF page that is a thumbnail, or a mask, of another


@dataclass(frozen=True)
class Frame:
    """One picture of a file: upright RGB, and its alpha (mode L)."""

    rgb: Image
    alpha: Image | None = None


@dataclass(frozen=True)
class Photo:
    """A decoded photo. `exif` fits the upright picture: the orientation tag says 1.

    A file of several pictures has its first in `rgb` and `alpha`, the others in `further`. They are an animation if
    there are `durations`, else pages.
    """

    rgb: Image
    format: str  # Pillow's name
    alpha: Image | None = None
    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None  # as it was found
    further: tuple[Frame, ...] = ()
    durations: tuple[int, ...] = ()  # in ms, one a frame
    dpi: tuple[float, float] | None = None  # for print
    comment: bytes | None = None  # of a JPEG
    plays: int = 0  # how often an animation plays; 0: for ever
    poster: bool = False  # the first frame is shown only where animations are not

    @property
    def frames(self) -> tuple[Frame, ...]:
        """All its pictures."""
        return (Frame(self.rgb, self.alpha), *self.further)


def decode(
    data: bytes, *, max_megapixels: int = MAX_MEGAPIXELS, first_only: bool = False, enough: int | None = None
) -> Photo:
    """Decode a photo; with `first_only` no more than the first of its frames or pages.

    Where sides of `enough` pixels are enough, a large JPEG is decoded at a half, a quarter or an eighth of its size.

    Raises:
        ItemError: it is empty, no image, damaged, or larger than `max_megapixels`, all frames together.
    """
    from PIL import Image, UnidentifiedImageError

    if not data:
        raise ItemError("the file is empty; fetch or export it again")
    readable = READABLE if register_heif() else READABLE[:-1]
    if format_of_bytes(data) == "HEIF" and "HEIF" not in readable:
        raise ItemError(str(MissingExtra("HEIF", "heif")))
    Image.MAX_IMAGE_PIXELS = max_megapixels * 1_000_000  # Pillow's own guard, for sizes found while decoding
    try:
        # Only what is listed is even tried: of Pillow's forty formats some are programs, and most are hardly tested.
        with Image.open(io.BytesIO(data), formats=readable) as image:
            return _photo(image, data, max_megapixels * 1_000_000, first_only, enough)
    except ItemError:
        raise
    except UnidentifiedImageError:
        raise ItemError(_unidentified(data)) from None
    except Image.DecompressionBombError:
        raise ItemError(_too_large(max_megapixels * 1_000_000)) from None
    except MemoryError:
        raise ItemError("not enough memory to decode it; use a smaller copy") from None
    except Exception as problem:  # decoders raise whatever they please on damaged files
        raise ItemError(f"it is damaged and cannot be decoded ({in_short(problem)}); export it again") from problem


def register_heif() -> bool:
    """Have Pillow read and write HEIF, if the extra is installed; whether it is."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return False
    register_heif_opener()
    return True


def _too_large(max_pixels: int) -> str:
    return f"larger than {max_pixels // 1_000_000} megapixels; set max_megapixels in the config file to allow it"


def _unidentified(data: bytes) -> str:
    if data.startswith((b"%!PS", b"\xc5\xd0\xd3\xc6")):
        return "EPS is a program, not a photo; export it as PNG"
    if format_of_bytes(data) is not None:
        return "it is damaged at its start; export or fetch it again"
    if b"\0" not in data[:512]:
        return "it is text, not an image; check the file"
    return "none of the image formats that are read, or damaged at its start; export it as JPEG or PNG"


def _photo(image: Image, data: bytes, max_pixels: int, first_only: bool, enough: int | None) -> Photo:
    _check_size(image, max_pixels)
    if enough is not None:
        image.draft(None, (enough, enough))  # neither side becomes shorter; of other formats nothing changes
    format_ = SAME_AS.get(image.format or "", image.format or "")
    # The hidden frames of a camera's MPO are other views and previews of the one photo.
    count = 1 if first_only or image.format in SAME_AS else getattr(image, "n_frames", 1)
    poster = count > 1 and bool(getattr(image, "default_image", False))
    image.load()
    exif, xmp = read_exif(image), source_xmp(image, data)
    plays = _plays(image)
    first, icc = _frame(image)
    further, durations = [], [_milliseconds(image)]
    for _ in _pages(image, count, max_pixels):
        further.append(_frame(image)[0])
        durations.append(_milliseconds(image))
    photo = Photo(
        *(first.rgb, format_, first.alpha, icc, clean_exif(exif, first.rgb.size), xmp),
        dpi=_dpi(image),
        comment=image.info.get("comment") if format_ == "JPEG" else None,
    )
    if not further:
        return photo
    shown = () if format_ in ("TIFF", "HEIF") else tuple(durations)
    return replace(photo, further=tuple(further), durations=shown, plays=plays, poster=poster)


def _dpi(image: Image) -> tuple[float, float] | None:
    """Pixels an inch, where the file names a number that can be one. Turned with the picture, both are the same."""
    try:
        across, down = (float(value) for value in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return (across, down) if across == down and 1 <= across < 65536 else None


def _check_size(image: Image, max_pixels: int) -> None:
    if image.width * image.height > max_pixels:
        raise ItemError(f"{image.width}x{image.height} pixels: {_too_large(max_pixels)}")


def _pages(image: Image, count: int, max_pixels: int) -> Iterator[None]:
    """Turn to each further frame or page that is a picture of its own, as long as all of them fit the limit."""
    pixels = image.width * image.height
    for number in range(1, count):
        image.seek(number)
        tags = getattr(image, "tag_v2", None)
        if tags is not None and int(tags.get(_SUBFILE_TYPE, 0)) & _REDUCED_OR_MASK:
            continue
        pixels += image.width * image.height
        if pixels > max_pixels:
            raise ItemError(f"its {count} frames or pages are {_too_large(max_pixels)}, or take --frames first")
        image.load()
        yield


def _milliseconds(image: Image) -> int:
    """How long the frame in hand is shown."""
    duration = image.info.get("duration", 0)
    return round(duration) if 0 <= duration < 1 << 24 else 0


def _plays(image: Image) -> int:
    """How often an animation plays, 0 for ever. GIF counts repetitions, and without a count plays once."""
    loop = image.info.get("loop")
    if image.format == "GIF":
        return 1 if loop is None else 0 if loop == 0 else int(loop) + 1
    return int(loop or 0)


def _frame(image: Image) -> tuple[Frame, bytes | None]:
    upright = _upright(image)
    rgb, icc = to_rgb(upright, image.info.get("icc_profile"))
    return Frame(rgb, alpha_of(upright)), icc


def _upright(image: Image) -> Image:
    from PIL import ImageOps

    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # damaged EXIF is no reason to refuse a good photo
        return image.copy()
