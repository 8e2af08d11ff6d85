"""EXIF for an edited picture: what describes the photo is kept, what shows or locates the unedited one is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Exif, Image

ORIENTATION = 0x0112
_DETAILS, _GPS = 0x8769, 0x8825
_SIZE_TAGS = (0xA002, 0xA003)  # width, height
# Tags that describe how a TIFF file stores its pixels, that is no metadata (254 to 532), or sub-images (330, 513).
_STORAGE = (
    *(254, 255, 256, 257, 258, 259, 262, 263, 266, 273, 277, 278, 279, 284, 317, 320, 322, 323, 324, 325, 330),
    *(338, 339, 340, 341, 347, 512, 513, 514, 529, 530, 531, 532, 700),
)
# From 32768 on tags are private: XMP, IPTC, Photoshop's blocks with their thumbnails, previews of raw files. Kept are
# the copyright, the groups, and the title, comment, author, keywords and subject of Windows.
_PRIVATE, _PRIVATE_KEPT = 32768, (33432, _DETAILS, _GPS, *range(40091, 40096))
# Of the details what the standard names, but for the maker note: it may hold a preview of the unedited photo, the place
# and the camera's serial number, and its offsets are wrong once it is moved.
_MAKER_NOTE = 0x927C
_DETAILS_KEPT = range(0x829A, 0xA600)


def read_exif(image: Image) -> Exif | None:
    """The EXIF of a photo, its groups read in; None where there is none, or it is damaged."""
    try:
        exif = image.getexif()
        for group in (_DETAILS, _GPS):
            if group in exif:  # to ask for one that is not there makes an empty one
                exif.get_ifd(group)  # read now: the file may be closed later
    except Exception:  # damaged EXIF is no reason to refuse a good photo
        return None
    return exif


def clean_exif(exif: Exif | None, size: tuple[int, int]) -> bytes | None:
    """EXIF for the upright picture of this size. The thumbnail (IFD1) is left out: Pillow writes none."""
    if not exif:
        return None
    for tag in list(exif):
        if tag in _STORAGE or (tag >= _PRIVATE and tag not in _PRIVATE_KEPT):
            del exif[tag]
    if ORIENTATION in exif:
        exif[ORIENTATION] = 1
    details = exif.get_ifd(_DETAILS) if _DETAILS in exif else {}
    for tag in list(details):
        if tag == _MAKER_NOTE or tag not in _DETAILS_KEPT:
            del details[tag]
    try:
        return _sized(exif, size).tobytes() if len(exif) else None
    except Exception:  # a tag that Pillow can read and not write
        return None


def exif_for_output(exif: bytes | None, size: tuple[int, int], *, keep_gps: bool) -> Exif | None:
    """The EXIF of an output of this size, from what `clean_exif` gave."""
    if exif is None:
        return None
    from PIL import Image

    tags = Image.Exif()
    tags.load(exif)
    if not keep_gps:
        tags.pop(_GPS, None)
    return _sized(tags, size)


def _sized(exif: Exif, size: tuple[int, int]) -> Exif:
    details = exif.get_ifd(_DETAILS) if _DETAILS in exif else {}
    for tag, pixels in zip(_SIZE_TAGS, size, strict=True):
        if tag in details:
            details[tag] = pixels
    return exif
