"""Where a thing goes: sky things up, ground things low; position words are obeyed.

What a picture has before an edit stands anywhere, in the calmest of a few places. What an edit adds is as usual: words
alone decide on its size, place and shape. Where these were left to chance, a small editor learned to paint every chance
a little, as shapeless patches; rainbows, which have one place, it drew well.
"""

from __future__ import annotations

import numpy as np

from ..pixels import Array, edges
from ..things import THINGS, Thing
from .items import Item, Spot

SIZES = {"small": 0.64, "": 1.0, "big": 1.45}  # times a thing's usual height
POSITIONS: dict[str, tuple[float, float]] = {  # range of the middle, as shares of the width
    "left": (0.16, 0.28),
    "middle": (0.46, 0.54),
    "right": (0.72, 0.84),
}
_USUAL = {"sky": 0.72, "air": 0.70, "ground": 0.28, "water": 0.32}  # the middle of what is added, share of the width
_SMALLEST, _LARGEST = 0.17, 0.78  # of a thing's longer side, as a share of the picture's
_TRIES = 6
_CELLS = 32  # the map of calm has so many cells a side
_ROW_FROM, _ROW = 0.04, 0.92  # where a row begins and how wide it is, as shares of the picture's width


def calm_map(picture: Array, sky: Array, where: str) -> Array:
    """How well a thing would sit at each place, (32, 32): calm, and sky where it belongs there."""
    busy = _shrunk(edges(picture))
    return 0.8 * _shrunk(sky) - busy if where == "sky" else -busy


def usual_item(name: str, colour: str, *, size: str = "", position: str = "", count: int = 1) -> Item:
    """A thing as an edit adds it, the same every time. `position` is a key of POSITIONS or ""; the rest: `item_for`."""
    thing = THINGS[name]
    if thing.wide:
        return Item(name, colour, (_wide(thing),))
    if count > 1:
        return Item(name, colour, tuple(_usual_row(thing, size, count)))
    height = _height(thing, size)
    x = sum(POSITIONS[position]) / 2 if position else _USUAL[thing.where]
    x = float(np.clip(x, *_clear_of_borders(height * thing.aspect / 2)))
    return Item(name, colour, (Spot(x, sum(room_for(thing, height)) / 2, height, 0),))


def item_for(
    name: str, colour: str, picture: Array, sky: Array, rng: np.random.Generator,
    *, size: str = "", count: int = 1,
) -> Item:  # fmt: skip
    """A thing as a picture has it before an edit.

    Args:
        name: a key of THINGS.
        colour: a key of COLOURS.
        picture: (s, s, 3) in [0, 1].
        sky: its sky (s, s) in [0, 1].
        rng: decides what the words leave open.
        size: a key of SIZES.
        count: how many of them.
    """
    thing = THINGS[name]
    if thing.wide:
        return Item(name, colour, (_wide(thing, rng),))
    calm = calm_map(picture, sky, thing.where)
    if count == 1:
        height = _height(thing, size, rng)
        return Item(name, colour, (_best(thing, height, calm, rng),))
    return Item(name, colour, tuple(_several(thing, size, count, rng)))


def room_for(thing: Thing, height: float) -> tuple[float, float]:
    """The range of a thing's foot, as shares of the picture's height."""
    if thing.where == "sky":
        return height + 0.02, max(height + 0.03, min(0.56, height + 0.16))
    if thing.where == "air":
        return max(height + 0.02, 0.36 + height / 2), max(height + 0.03, 0.52 + height / 2)
    if thing.where == "water":
        return 0.80, 0.94
    return 0.86, 0.98


def _height(thing: Thing, size: str, rng: np.random.Generator | None = None) -> float:
    height = thing.height * SIZES[size] * (1.0 if rng is None else float(rng.uniform(0.9, 1.12)))
    longer = height * max(1.0, thing.aspect)
    return height * float(np.clip(longer, _SMALLEST, _LARGEST)) / longer


def _best(thing: Thing, height: float, calm: Array, rng: np.random.Generator) -> Spot:
    half = height * thing.aspect / 2
    left, right = _clear_of_borders(half)
    feet = room_for(thing, height)
    tries = [(float(rng.uniform(left, right)), float(rng.uniform(*feet))) for _ in range(_TRIES)]
    x, foot = max(tries, key=lambda at: _calm_at(calm, at[0], at[1] - height / 2, half, height / 2))
    return Spot(x, foot, height, int(rng.integers(2**31)))


def _clear_of_borders(half: float) -> tuple[float, float]:
    """Where the middle of something so wide may be, as shares of the picture's width."""
    return min(half + 0.01, 0.5), max(0.99 - half, 0.5)


def _calm_at(calm: Array, x: float, y: float, half_width: float, half_height: float) -> float:
    def cell(share: float) -> int:
        return int(np.clip(share * _CELLS, 0, _CELLS - 1))

    rows = slice(cell(y - half_height), cell(y + half_height) + 1)
    return float(calm[rows, cell(x - half_width) : cell(x + half_width) + 1].mean())


def _several(thing: Thing, size: str, count: int, rng: np.random.Generator) -> list[Spot]:
    """In a loose row; of those that stand, the nearer are lower and larger."""
    room = _ROW / count
    spots = []
    for number in rng.permutation(count):
        height = _height_in_row(thing, _height(thing, size, rng), count)
        x = _ROW_FROM + room * (float(number) + 0.5) + room * float(rng.uniform(-0.12, 0.12))
        spots.append(Spot(x, float(rng.uniform(*room_for(thing, height))), height, int(rng.integers(2**31))))
    return sorted(spots, key=lambda spot: spot.foot)


def _usual_row(thing: Thing, size: str, count: int) -> list[Spot]:
    """A row, by turns further up and further down."""
    height = _height_in_row(thing, _height(thing, size), count)
    feet = room_for(thing, height)
    spots = [Spot(_ROW_FROM + _ROW * (n + 0.5) / count, feet[n % 2], height, n) for n in range(count)]
    return sorted(spots, key=lambda spot: spot.foot)


def _height_in_row(thing: Thing, height: float, count: int) -> float:
    return max(min(height * 0.72, _ROW / count * 1.05 / thing.aspect), 0.15 / max(1.0, thing.aspect))


def _wide(thing: Thing, rng: np.random.Generator | None = None) -> Spot:
    """The usual one without a generator."""
    size, lower, seed = (1.0, 0.5, 0) if rng is None else (rng.uniform(0.92, 1.08), rng.random(), rng.integers(2**31))
    height = thing.height * float(size)
    top = {"wide-sky": 0.02, "wide-horizon": 0.14}.get(thing.where)
    foot = 0.95 + 0.05 * float(lower) if top is None else top + height + 0.06 * float(lower)
    return Spot(0.5, foot, height, int(seed))


def _shrunk(plane: Array) -> Array:
    """(s, s) -> (32, 32), by means of blocks (s at least 32)."""
    at = np.linspace(0, plane.shape[0], _CELLS + 1).astype(int)[:-1]
    sums = np.add.reduceat(np.add.reduceat(plane, at, 0), at, 1)
    return (sums / (plane.shape[0] / _CELLS) ** 2).astype(np.float32)
