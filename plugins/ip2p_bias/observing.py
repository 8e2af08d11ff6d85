"""Pictures -> readings of the probe, one line of `pairs.jsonl` for each edit, and a few samples to look at."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ip2p_bias.pictures import Pictures
from ip2p_bias.reading import Reading, read
from ip2p_cli.api import Ip2pError, Probe, progress_bar
from ip2p_eval.page import SIDE

if TYPE_CHECKING:
    from PIL.Image import Image

SHOWN = 6  # photos on the page, spread over the folder
Row = tuple[tuple[str, "Image"], ...]


@dataclass(frozen=True)
class Observation:
    """What is perceived in one photo, in its null edit and in its edits, in the order of the instructions."""

    photo: str
    before: Reading
    null: Reading | None  # None: the run has no null edits
    edits: tuple[Reading, ...]


@dataclass(frozen=True)
class Observed:
    """All photos, and rows of samples."""

    photos: tuple[Observation, ...]
    rows: tuple[Row, ...]

    @property
    def failures(self) -> tuple[str, ...]:
        """Why pictures are missing, one text for each kind of cause and photo."""
        readings = ((one.photo, reading) for one in self.photos for reading in _all(one))
        return tuple(dict.fromkeys(f"{photo}: {reading.problem}" for photo, reading in readings if reading.problem))


def observe(
    pictures: Iterable[Pictures],
    count: int,
    probe: Probe,
    confidence: float,
    instructions: Sequence[str],
    has_null: bool,
) -> Observed:
    """Probe every picture of `count` photos, as they come; of those that are not shown, none is kept."""
    shown = {place * count // SHOWN for place in range(SHOWN)}
    names = ("photo", *(["null edit"] if has_null else []), *instructions)
    observations, rows = [], []
    for place, given in enumerate(progress_bar(pictures, total=count, label="editing and probing photos")):
        readings: list[Reading] = []
        row: list[tuple[str, Image]] = []
        for name, picture in zip(names, itertools.chain([given.before], given.edits), strict=True):
            readings.append(read(probe, picture, confidence))
            if place in shown and not isinstance(picture, Ip2pError):
                row.append((f"{name}: {readings[-1].attribute}", _small(picture)))
        before, *edits = readings
        null = edits.pop(0) if has_null else None
        observations.append(Observation(given.photo, before, null, tuple(edits)))
        rows.append(tuple(row))
    return Observed(tuple(observations), tuple(row for row in rows if row))


def lines(observed: Observed, instructions: Sequence[str], null: str | None) -> Iterator[dict[str, Any]]:
    """A record for each edit, null edits first: photo, instruction, before, after, and the probabilities of both."""
    for one in observed.photos:
        edits = [*([(null, one.null)] if one.null else []), *zip(instructions, one.edits, strict=True)]
        for text, after in edits:
            yield {
                "photo": one.photo,
                "instruction": text,
                "null": after is one.null,
                "before": one.before.attribute,
                "after": after.attribute,
                "before_probabilities": dict(one.before.probabilities) or None,
                "after_probabilities": dict(after.probabilities) or None,
                "problem": one.before.problem or after.problem or None,
            }


def _all(one: Observation) -> tuple[Reading, ...]:
    return (one.before, *([one.null] if one.null else []), *one.edits)


def _small(picture: Image) -> Image:
    copy = picture.copy()
    copy.thumbnail((SIDE, SIDE))
    return copy
