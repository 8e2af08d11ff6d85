"""How much a run holds at once, in pixels: memory grows neither with the number of photos nor with their size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future

from ip2p_cli.prepare import Prepared, Ready

AHEAD = 96_000_000  # decoded, waiting for the editor
EDITING = 96_000_000  # in one batch, of which two may be at the editor: four photos of 24 megapixels
UNDER_WAY = 384_000_000  # at the editor, or on their way to the disk


def pixels_of(ready: Ready) -> int:
    """Of a decoded photo, all its frames together."""
    return sum(row.photo.rgb.width * row.photo.rgb.height for row in (ready, *ready.further))


def has_room_ahead(ahead: Iterable[Future[list[Prepared]]], at_once: int) -> bool:
    """Whether one more photo may be decoded, beside those ahead; `at_once` may be where no size is known.

    One whose size is not known yet is taken for the largest that is.
    """
    known = [_decoded(future.result()) for future in ahead if future.done() and future.exception() is None]
    coming = sum(1 for future in ahead if not future.done())
    return not (known or coming) or sum(known) + (coming + 1) * max(known, default=AHEAD / at_once) <= AHEAD


def is_full(batch: Sequence[Ready]) -> bool:
    """Whether another photo like the last would be too much for one batch."""
    sizes = [pixels_of(ready) for ready in batch]
    return bool(sizes) and sum(sizes) + sizes[-1] > EDITING


def _decoded(prepared: list[Prepared]) -> int:
    """What was decoded for one photo; its jobs share it."""
    return max((pixels_of(item) for item in prepared if isinstance(item, Ready)), default=0)
