"""Rows of a dataset of edits with captions, for measures that compare with what the captions say."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ip2p_cli.api import UsageError, count_pairs, read_pairs

if TYPE_CHECKING:
    from PIL.Image import Image

COLUMNS = ("original_prompt", "original_image", "edit_prompt", "edited_prompt")
T = TypeVar("T")


@dataclass(frozen=True)
class Row:
    """One edit to make. The picture stays encoded until it is needed: thousands of rows fit into memory."""

    encoded: bytes
    caption: str
    instruction: str
    edited_caption: str

    @property
    def source(self) -> Image:
        """The picture to edit, RGB."""
        from PIL import Image

        with Image.open(io.BytesIO(self.encoded)) as image:
            return image.convert("RGB")


def read_rows(folder: Path, limit: int | None = None) -> list[Row]:
    """The rows of a dataset in its order; with a limit that many, spread evenly.

    Raises:
        UsageError: no dataset is there, or one of the rows has no caption before or after, or a broken picture: what
            would else show after hours of editing.
    """
    count = count_pairs(folder)
    wanted = None if limit is None or limit >= count else {place * count // limit for place in range(limit)}
    return [
        _row(folder, number, dict(found))
        for number, found in enumerate(read_pairs(folder, COLUMNS))
        if wanted is None or number in wanted
    ]


def portions(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items, `size` at a time."""
    for at in range(0, len(items), size):
        yield items[at : at + size]


def _row(folder: Path, number: int, found: dict[str, object]) -> Row:
    for name in ("original_prompt", "edited_prompt"):
        if not found[name]:
            raise UsageError(
                f"{folder}: row {number} has no {name}, which CLIP's direction needs; use --suite looks on its photos"
            )
    image, *texts = (found[name] for name in ("original_image", "original_prompt", "edit_prompt", "edited_prompt"))
    assert isinstance(image, bytes)
    row = Row(image, *map(str, texts))
    try:
        row.source.close()
    except (OSError, SyntaxError, ValueError) as problem:
        raise UsageError(
            f"{folder}: the picture of row {number} cannot be decoded ({type(problem).__name__}); take the row out "
            "(ip2p gen-data validate lists all such rows)"
        ) from problem
    return row
