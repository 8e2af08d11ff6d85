"""The photos that a suite measures on."""

from __future__ import annotations

from pathlib import Path

from ip2p_cli.api import find_photos, read_photo


def choose_photos(folder: Path, limit: int | None = None) -> list[Path]:
    """Photos directly in a folder, by name; with a limit, that many, spread evenly. Raises UsageError for none."""
    photos = find_photos(folder)
    if limit is not None and limit < len(photos):
        photos = [photos[i * len(photos) // limit] for i in range(limit)]
    return photos


def find_readable(folder: Path, limit: int | None = None) -> list[Path]:
    """The same, all opened once. Raises UsageError for one that cannot be, which would else show after hours."""
    photos = choose_photos(folder, limit)
    for path in photos:
        read_photo(path)
    return photos
