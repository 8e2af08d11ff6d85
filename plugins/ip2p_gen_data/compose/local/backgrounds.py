"""Pairs of one landscape with mountains or a city behind it: both are painted, so all else is the same."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np

from ...wordings import dressed
from ..pixels import Array
from ..scenes import Far, scene
from ..things import THINGS
from . import words
from .words import Asked

_KINDS = ("mountains", "skyline")


@dataclass(frozen=True)
class Background:
    """A landscape before and after, (s, s, 3) in [0, 1], with the wording and its family."""

    before: Array
    after: Array
    instruction: str
    family: str


def background(side: int, rng: np.random.Generator, wording: random.Random) -> Background:
    """Half replace what is behind, the others add or remove it."""
    seed = int(rng.integers(2**31))
    was, will = wording.sample(_KINDS, 2)
    old, new = _any(was, rng), Far(will, THINGS[will].colours[0], 0.4, 0)  # what is added is as usual
    kind = wording.choices(("replace", "add", "remove"), (2, 1, 1))[0]
    before = _scene(side, seed, None if kind == "add" else old)
    after = _scene(side, seed, None if kind == "remove" else new)
    if kind == "add":
        return Background(before, after, words.add(Asked(new.thing), wording), f"add-{new.thing}")
    if kind == "remove":
        return Background(before, after, words.remove(old.thing, 1, wording), f"remove-{old.thing}")
    table = words.words()["background"][f"{old.thing}-to-{new.thing}"]
    text = dressed(wording.choice(table), wording, opening=False)
    return Background(before, after, text, f"replace-with-{new.thing}")


def _scene(side: int, seed: int, far: Far | None) -> Array:
    return scene(side, np.random.default_rng(seed), far)[0]


def _any(thing: str, rng: np.random.Generator) -> Far:
    colour = THINGS[thing].colours[int(rng.integers(len(THINGS[thing].colours)))]
    return Far(thing, colour, float(rng.uniform(0.36, 0.44)), int(rng.integers(2**31)))
