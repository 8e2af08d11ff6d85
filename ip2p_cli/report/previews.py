"""Small pictures of a photo before and after its edit, in the same colours and of the same size."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ip2p_cli.formats import format_of_bytes
from ip2p_cli.images import decode
from ip2p_cli.sources import SourceReader
from ip2p_cli.types import Outcome, Source

if TYPE_CHECKING:
    from PIL.Image import Image

WRITTEN = ("done", "flagged", "skipped")  # of the others nothing is shown: a blocked photo should not be seen
_PAPER = (255, 255, 255)  # under what is transparent


@dataclass(frozen=True)
class Pair:
    """RGB pictures of one size, upright, in sRGB."""

    before: Image
    after: Image

    def within(self, side: int) -> Pair:
        """The pair scaled down so that its longer side is at most `side`."""
        return Pair(_scaled(self.before, side), _scaled(self.after, side))

    @property
    def difference(self) -> float:
        """Mean absolute difference, in [0, 1]: what the editor calls `pixels`, for items that it did not edit now."""
        from PIL import ImageChops, ImageStat

        means: list[float] = ImageStat.Stat(ImageChops.difference(self.before, self.after)).mean
        return sum(means) / len(means) / 255


def preview_pair(outcome: Outcome, reader: SourceReader, side: int) -> Pair | None:
    """Both pictures of an item that was written, read back from the disk; None where one of them cannot be had.

    Both have been decoded before, in a process that may die of it: here they are opened without that care.
    """
    job = outcome.job
    if outcome.status not in WRITTEN or job.output is None:
        return None
    try:
        before = small(reader.read(job.source), side)
        after = small(reader.read(Source(job.output, job.source.relative)), side)
        return Pair(before, after if after.size == before.size else after.resize(before.size))
    except Exception:  # a preview that fails is no reason to fail the item, which is done
        return None


def small(data: bytes, side: int) -> Image:
    """An image file as a picture whose longer side is at most `side` pixels."""
    picture, icc = _quick(data, side) or _whole(data)
    return _scaled(_in_srgb(picture, icc), side)


def _quick(data: bytes, side: int) -> tuple[Image, bytes | None] | None:
    """A JPEG decoded at a fraction of its size, which costs a tenth of the time; None for everything else."""
    from PIL import Image, ImageOps

    if format_of_bytes(data) != "JPEG":
        return None
    with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
        if image.mode not in ("RGB", "L"):
            return None
        image.draft(image.mode, (2 * side, 2 * side))
        icc = image.info.get("icc_profile") if image.mode == "RGB" else None
        return ImageOps.exif_transpose(image).convert("RGB"), icc


def _whole(data: bytes) -> tuple[Image, bytes | None]:
    from PIL import Image

    photo = decode(data, first_only=True)
    if photo.alpha is None:
        return photo.rgb, photo.icc
    return Image.composite(photo.rgb, Image.new("RGB", photo.rgb.size, _PAPER), photo.alpha), photo.icc


def _in_srgb(picture: Image, icc: bytes | None) -> Image:
    if icc is None:
        return picture
    from PIL import ImageCms

    with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError):  # a broken profile: go without it
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        converted = ImageCms.profileToProfile(picture, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
        return converted or picture
    return picture


def _scaled(picture: Image, side: int) -> Image:
    from PIL import Image

    longer = max(picture.size)
    if longer <= side:
        return picture
    size = (max(1, round(picture.width * side / longer)), max(1, round(picture.height * side / longer)))
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
