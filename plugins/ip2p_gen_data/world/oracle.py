"""Reads a picture back: time, weather, ground, and the things with kind, colour, size and place, or "cannot tell".

It knows pixels only. Its table of tones and shapes (oracle.json) was measured once on renders of other seeds, clean
and degraded (`python -m ip2p_gen_data.world.calibrate`), as one calibrates an instrument.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .captions import Named, NamedThing
from .scene import COLOURS, GROUNDS, KINDS, SIZES, TIMES, WEATHERS, Scene
from .vision import (
    FIRST,
    LAST,
    SIDE,
    TONES,
    Array,
    Blob,
    bands,
    blobs,
    ground_features,
    shape_features,
    sky_features,
    tones,
)

TABLE = Path(__file__).with_name("oracle.json")
SKIES = [(time, weather) for time in TIMES for weather in WEATHERS]
SHAPES = [(kind, size) for kind in KINDS for size in SIZES]
_FAR = 2.8  # times the 99.9th percentile of calibration: beyond, a sky or ground is like none that is known
_OFF = 0.09  # root mean square of its tones' differences, likewise (fresh renders stay below 0.06)
_VOTES = 0.5  # share of a thing's pixels that must be of its colour
_SURE = 0.7  # posterior of a shape


@dataclass(frozen=True)
class ReadThing:
    """A thing as read; None where it cannot be told. `x`, `y`: the middle of its pixels."""

    kind: str | None
    colour: str | None
    size: str | None
    x: float
    y: float


@dataclass(frozen=True)
class Reading:
    """A picture as read; None where it cannot be told. Things from left to right."""

    time: str | None
    weather: str | None
    ground: str | None
    things: tuple[ReadThing, ...]


@dataclass(frozen=True)
class Table:
    """What calibration measured; shapes as in calibrate.py."""

    sky: Array  # (12, 14) mean features
    sky_metric: Array  # (14, 14) inverse covariance
    sky_limit: float
    ground: Array  # (60, 14), five grounds a sky
    ground_metric: Array
    ground_limit: float
    colours: Array  # (12, 7, 3) mean tones
    colour_metrics: Array  # (12, 7, 3, 3)
    colour_offsets: Array  # (12, 7) log determinants
    back: Array  # (60, 7, 3): six bands of rows, and shadows
    back_metrics: Array
    back_offsets: Array
    shape_weights: Array  # (395, 14)
    shape_biases: Array  # (14,)


def read(picture: NDArray[np.uint8]) -> Reading:
    """What a picture (SIDE, SIDE, 3) uint8 shows."""
    if picture.shape != (SIDE, SIDE, 3) or picture.dtype != np.uint8:
        raise ValueError(f"the oracle reads uint8 pictures ({SIDE}, {SIDE}, 3), not {picture.dtype} {picture.shape}")
    t, table = tones(picture), _table()
    sky = _nearest(sky_features(t), table.sky, table.sky_metric, table.sky_limit)
    if sky is None:
        return Reading(None, None, None, ())
    grounds = table.ground[sky * len(GROUNDS) : (sky + 1) * len(GROUNDS)]
    ground = _nearest(ground_features(t), grounds, table.ground_metric, table.ground_limit)
    time, weather = SKIES[sky]
    if ground is None:
        return Reading(time, weather, None, ())
    by_colour = colour_scores(t, sky, table)
    best = by_colour.max(axis=-1)
    mask = np.zeros((SIDE, SIDE), np.bool_)
    mask[FIRST:LAST] = best > background_score(t, sky * len(GROUNDS) + ground, table)
    things = tuple(_thing(t, blob, by_colour, table) for blob in blobs(mask))
    return Reading(time, weather, GROUNDS[ground], things)


def judge(reading: Reading, named: Named) -> dict[str, bool]:
    """For each named attribute whether it was read so: "time", "weather", "ground", "count", "ball", "ball colour" …

    Things are matched so that most agrees; one that is missing has every attribute wrong.
    """
    verdicts = {
        name: getattr(reading, name) == getattr(named, name)
        for name in ("time", "weather", "ground")
        if getattr(named, name) is not None
    }
    verdicts["count"] = len(reading.things) == len(named.things)
    found: list[ReadThing | None] = [*reading.things, *[None] * len(named.things)]
    matches = (
        {
            key: value
            for said, thing in zip(named.things, order, strict=True)
            for key, value in _agrees(said, thing).items()
        }
        for order in permutations(found[: len(reading.things) + len(named.things)], len(named.things))
    )
    return verdicts | max(matches, key=lambda match: sum(match.values()))


def named_of(scene: Scene) -> Named:
    """All attributes of a scene."""
    things = sorted(scene.things, key=lambda thing: thing.kind)
    return Named(scene.time, scene.weather, scene.ground, tuple(NamedThing(t.kind, t.colour, t.size) for t in things))


def colour_scores(t: Array, sky: int, table: Table) -> Array:
    """Log likelihoods of the seven colours in the searched rows: (LAST - FIRST, SIDE, 7)."""
    part = t[FIRST:LAST]
    scores = [
        _gaussian(part, table.colours[sky, c], table.colour_metrics[sky, c], table.colour_offsets[sky, c])
        for c in range(len(COLOURS))
    ]
    return np.stack(scores, axis=-1)


def background_score(t: Array, ground: int, table: Table) -> Array:
    """Log likelihood of the background, the better of the row's own and shadow: (LAST - FIRST, SIDE)."""
    part, band = t[FIRST:LAST], bands()
    d = part - table.back[ground, band][:, None, :]
    metrics = table.back_metrics[ground, band]
    own = -0.5 * np.einsum("yxi,yij,yxj->yx", d, metrics, d) - table.back_offsets[ground, band][:, None]
    last = table.back.shape[1] - 1
    shadow = _gaussian(
        part, table.back[ground, last], table.back_metrics[ground, last], table.back_offsets[ground, last]
    )
    return np.maximum(own, shadow)


def _thing(t: Array, blob: Blob, by_colour: Array, table: Table) -> ReadThing:
    """Colour by the vote of its pixels, kind and size by its shape."""
    own = by_colour[blob.mask[FIRST:LAST] > 0]
    votes = np.bincount(own.argmax(axis=-1), minlength=len(COLOURS))
    colour = COLOURS[int(votes.argmax())] if votes.max() >= _VOTES * len(own) else None
    scores = shape_features(t, blob) @ table.shape_weights + table.shape_biases
    posterior = np.exp(scores - scores.max())
    posterior = (posterior / posterior.sum()).reshape(len(KINDS), len(SIZES))
    kinds, sizes = posterior.sum(axis=1), posterior.sum(axis=0)
    kind = KINDS[int(kinds.argmax())] if kinds.max() >= _SURE else None
    size = SIZES[int(sizes.argmax())] if sizes.max() >= _SURE else None
    return ReadThing(kind, colour, size, blob.x, blob.y)


def _agrees(said: NamedThing, thing: ReadThing | None) -> dict[str, bool]:
    verdicts = {said.kind: thing is not None and thing.kind == said.kind}
    for name in ("colour", "size"):
        if getattr(said, name) is not None:
            verdicts[f"{said.kind} {name}"] = thing is not None and getattr(thing, name) == getattr(said, name)
    return verdicts


def _nearest(x: Array, means: Array, metric: Array, limit: float) -> int | None:
    d = x - means
    distances = np.einsum("ki,ij,kj->k", d, metric, d)
    best = int(distances.argmin())
    off = float(np.sqrt((d[best, :TONES] ** 2).mean()))
    return best if distances[best] <= _FAR * limit and off <= _OFF else None


def _gaussian(part: Array, mean: Array, metric: Array, offset: Array) -> Array:
    d = part - mean
    return -0.5 * ((d @ metric) * d).sum(axis=-1) - offset


@cache
def _table() -> Table:
    stored: dict[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))
    for name, value in stored.items():
        if isinstance(value, list):
            stored[name] = np.asarray(value, np.float32)
    return Table(**stored)
