"""Photos of a folder for commands that are no batch run: found and read as `ip2p edit` does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ip2p_cli.errors import ItemError, UsageError
from ip2p_cli.sources import Root, SourceList

if TYPE_CHECKING:
    from PIL.Image import Image


def find_photos(folder: Path, *, recurse: bool = False) -> list[Path]:
    """The photos in a folder by name, hidden ones left out; with `recurse` those of its subfolders come after them.

    Raises:
        UsageError: it is no folder, or holds none.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder of photos; give one that holds some")
    sources = SourceList((Root(folder, folder, is_folder=True),), folder, recurse)
    photos = [source.path for source in sources if source.path is not None]
    if not photos:
        raise UsageError(f"{folder} holds no photos; give a folder that does")
    return photos


def read_photo(path: Path) -> Image:
    """A photo as `ip2p edit` sees it: its first frame, upright, in 8-bit RGB.

    Raises:
        UsageError: it cannot be read, is no image, or is damaged.
    """
    from ip2p_cli.images import decode

    try:
        return decode(path.read_bytes(), first_only=True).rgb
    except (OSError, ItemError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) and problem.strerror else problem
        raise UsageError(f"{path} cannot be read as a photo: {reason}") from None
