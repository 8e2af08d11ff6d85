"""The kinds of local edit: each makes a picture before and after, identical outside the thing, and a wording."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..pixels import Array
from ..things import THINGS
from . import words
from .items import Item, layer_of, paint
from .placing import item_for, usual_item
from .words import Asked

_FAVOURITES = (  # what people ask for most: three times as often as the others
    "moon", "crescent", "sun", "stars", "rainbow", "cloud", "balloon", "hot-air-balloon", "kite", "plane", "bird",
    "boat", "tree", "house", "flower", "butterfly", "mountains", "skyline", "fireworks", "snowman",
)  # fmt: skip
_BYSTANDER_SHARE = 0.25  # of the pairs have another thing in both pictures, which has to stay
_GROUPS = {"sky": "up", "air": "up", "wide-sky": "up", "ground": "down", "water": "down", "wide-ground": "down"}


@dataclass(frozen=True)
class LocalPair:
    """A picture before and after, (s, s, 3) in [0, 1], how to ask for it, and where alone the two may differ."""

    before: Array
    after: Array
    instruction: str
    family: str
    region: NDArray[np.bool_]  # (s, s)


@dataclass(frozen=True)
class Ground:
    """What things are put on: a picture (s, s, 3), its sky (s, s), and two sources of chance."""

    picture: Array
    sky: Array
    rng: np.random.Generator
    words: random.Random


def local_edit(picture: Array, sky: Array, rng: np.random.Generator, wording: random.Random) -> LocalPair:
    """One local edit of a picture, of any kind."""
    ground = Ground(picture, sky, rng, wording)
    names = list(THINGS)
    weights = [3 if name in _FAVOURITES else 1 for name in names]
    name = wording.choices(names, weights)[0]
    kind = wording.choices(list(KINDS), [weight for _, weight in KINDS.values()])[0]
    return KINDS[kind][0](name, ground)


def add(name: str, ground: Ground) -> LocalPair:
    """The thing as the words say; what they leave open is as usual."""
    asked = _asked(name, ground.words)
    item = _added(asked)
    return _pair(ground, None, item, words.add(asked, ground.words), f"add-{name}")


def remove(name: str, ground: Ground) -> LocalPair:
    asked = replace(_any(name, ground.words), count=_count(name, 0.2, ground.words))
    item = _placed(asked, ground)
    return _pair(ground, item, None, words.remove(name, asked.count, ground.words), f"remove-{name}")


def recolour(name: str, ground: Ground) -> LocalPair:
    """Another colour; a thing that has but one becomes another thing."""
    thing = THINGS[name]
    if not thing.coloured:
        return swap(name, ground)
    old, new = ground.words.sample(thing.colours, 2)
    asked = replace(_any(name, ground.words), colour=old, count=_count(name, 0.15, ground.words))
    item = _placed(asked, ground)
    text = words.recolour(name, asked.count, old, new, ground.words)
    return _pair(ground, item, item.recoloured(new), text, f"recolour-{name}")


def resize(name: str, ground: Ground) -> LocalPair:
    """About 1.6 times as large, or so much smaller; what spans the picture is removed instead."""
    if THINGS[name].wide:
        return remove(name, ground)
    larger = ground.words.random() < 0.5
    small = replace(_any(name, ground.words), size="small" if larger else "")
    item = _placed(small, ground)
    factor = 1.65 if larger else 0.6
    text = words.resize(name, larger, ground.words)
    return _pair(ground, item, item.scaled(factor), text, f"{'bigger' if larger else 'smaller'}-{name}")


def swap(name: str, ground: Ground) -> LocalPair:
    """Another thing in its place."""
    old = _placed(_any(name, ground.words), ground)
    others = [each for each in THINGS if each != name and _alike(each, name)]
    asked = _asked(ground.words.choice(others), ground.words, count=1, position="", size="")
    new = _added(asked)
    if not new.thing.wide and not old.thing.wide:
        [was], [spot] = old.spots, new.spots
        foot = was.foot if _GROUPS[old.thing.where] == "down" else was.foot + (spot.height - was.height) / 2
        new = replace(new, spots=(replace(spot, x=was.x, foot=foot),))
    text = words.replace(name, asked, ground.words)
    return _pair(ground, old, new, text, f"replace-with-{asked.name}")


Kind = Callable[[str, Ground], LocalPair]
KINDS: dict[str, tuple[Kind, float]] = {  # with their shares
    "add": (add, 0.42),
    "remove": (remove, 0.20),
    "recolour": (recolour, 0.17),
    "replace": (swap, 0.14),
    "resize": (resize, 0.07),
}


def _asked(
    name: str, rng: random.Random, *, count: int | None = None, position: str | None = None, size: str | None = None
) -> Asked:
    """What the words will say; None leaves it to chance."""
    thing = THINGS[name]
    colour = rng.choice(thing.colours) if thing.coloured and rng.random() < 0.45 else ""
    count = _count(name, 0.3, rng) if count is None else count
    free = not thing.wide and count == 1
    if size is None:
        size = rng.choice(("small", "big")) if free and rng.random() < 0.35 else ""
    if position is None:
        position = rng.choice(("left", "middle", "right")) if free and rng.random() < 0.25 else ""
    return Asked(name, colour, size, position, count)


def _any(name: str, rng: random.Random) -> Asked:
    """One of any colour and size."""
    size = "" if THINGS[name].wide else rng.choice(("small", "", "", "big"))
    return Asked(name, rng.choice(THINGS[name].colours), size)


def _count(name: str, share: float, rng: random.Random) -> int:
    """1, or in a share of the cases several."""
    return rng.choice((2, 3, 3, 4)) if THINGS[name].many and rng.random() < share else 1


def _placed(asked: Asked, ground: Ground) -> Item:
    """As a picture has it already."""
    where = (ground.picture, ground.sky, ground.rng)
    return item_for(asked.name, asked.colour, *where, size=asked.size, count=asked.count)


def _added(asked: Asked) -> Item:
    """As it comes into a picture."""
    colour = asked.colour or THINGS[asked.name].colours[0]
    return usual_item(asked.name, colour, size=asked.size, position=asked.position, count=asked.count)


def _alike(one: str, other: str) -> bool:
    """Whether one thing may stand where the other stood."""
    first, second = THINGS[one].where, THINGS[other].where
    return _GROUPS.get(first, first) == _GROUPS.get(second, second)


def _pair(ground: Ground, before: Item | None, after: Item | None, text: str, family: str) -> LocalPair:
    layers = [None if item is None else layer_of(item, len(ground.sky), ground.sky) for item in (before, after)]
    region = np.any([layer[..., 3] > 0 for layer in layers if layer is not None], axis=0)
    items = [item for item in (before, after) if item is not None]
    picture = _with_bystander(ground, region, {item.name for item in items})
    pictures = [
        picture if item is None or layer is None else paint(picture, layer, lit=item.thing.lit)
        for item, layer in zip((before, after), layers, strict=True)
    ]
    return LocalPair(pictures[0], pictures[1], text, family, region)


def _with_bystander(ground: Ground, region: NDArray[np.bool_], names: set[str]) -> Array:
    """Now and then another thing stands by, clear of the region."""
    if ground.rng.random() >= _BYSTANDER_SHARE:
        return ground.picture
    others = [name for name in THINGS if name not in names and not THINGS[name].wide]
    item = _placed(_any(ground.words.choice(others), ground.words), ground)
    layer = layer_of(item, len(ground.sky), ground.sky)
    if (region & (layer[..., 3] > 0)).any():
        return ground.picture
    return paint(ground.picture, layer, lit=item.thing.lit)
