"""What each format can hold of a photo's several frames or pages, and how Pillow is told to write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ip2p_cli.errors import ItemError

if TYPE_CHECKING:
    from PIL.Image import Image

    from ip2p_cli.images import Photo

_ANIMATED = ("GIF", "WEBP", "PNG", "AVIF")
_PAGED = ("TIFF", "HEIF")


def sequence_options(pictures: list[Image], photo: Photo, format_: str) -> tuple[list[Image], dict[str, Any]]:
    """The pictures that go into the file, and the options for `Image.save` that say so.

    Raises:
        ItemError: the format cannot hold them.
    """
    if len(pictures) == 1:
        return pictures, {}
    if not photo.durations:
        if format_ not in _PAGED:
            raise ItemError(f"{format_} cannot hold its {len(pictures)} pages; choose --format tiff, or --frames first")
        return pictures, {"save_all": True, "append_images": pictures[1:]}
    if format_ not in _ANIMATED:
        raise ItemError(f"{format_} cannot hold its animation; choose --format webp or png, or --frames first")
    durations = list(photo.durations)
    poster = photo.poster and format_ == "PNG"
    if photo.poster:  # it is not part of the animation
        durations = durations[1:]
        pictures = pictures if poster else pictures[1:]
    options = {"save_all": True, "append_images": pictures[1:], "duration": durations}
    return pictures, options | _playing(photo, format_, poster)


def _playing(photo: Photo, format_: str, poster: bool) -> dict[str, Any]:
    if format_ == "GIF":
        looped = {} if photo.plays == 1 else {"loop": max(0, photo.plays - 1)}  # it counts repetitions
        return looped | ({"disposal": 2} if photo.alpha is not None else {})
    if format_ == "PNG":
        return {"loop": photo.plays, "blend": 0, "default_image": poster}
    return {"loop": photo.plays} if format_ == "WEBP" else {}
