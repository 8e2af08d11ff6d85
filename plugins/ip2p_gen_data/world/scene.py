"""Scenes of the world: time, weather, ground, and one or two things with kind, colour, size and place."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

TIMES = ("day", "sunset", "night")
WEATHERS = ("clear", "fog", "rain", "snow")
GROUNDS = ("grass", "sand", "snow", "water", "road")
KINDS = ("ball", "box", "cone", "tree", "house", "boat", "star")
COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink")
SIZES = ("small", "large")

SIDE = 64  # pixels: 16² latents of an f=4 autoencoder, what a small U-Net learns in hours on a CPU
LANES = ((12.5, 18.5), (45.5, 51.5))  # a thing stands left or right, so that one to be added always has room
BASES = (47.0, 55.0)  # rows on which things stand: the sky above row 23 and the ground below row 58 stay free


@dataclass(frozen=True)
class Thing:
    """One object. `x` is its middle and `y` the row it stands on, in pixels; neither is ever in a caption."""

    kind: str
    colour: str
    size: str
    x: float
    y: float

    def __post_init__(self) -> None:
        _check("kind", self.kind, KINDS)
        _check("colour", self.colour, COLOURS)
        _check("size", self.size, SIZES)
        if not BASES[0] <= self.y <= BASES[1]:
            raise ValueError(f"a thing stands between rows {BASES[0]} and {BASES[1]}, not at {self.y}")
        lane(self.x)


@dataclass(frozen=True)
class Scene:
    """What is to be seen. `seed` draws what no caption names: tones, textures, clouds, where the sun is.

    Things differ in kind and in colour, so that a caption and a reader can tell them apart.
    """

    time: str
    weather: str
    ground: str
    things: tuple[Thing, ...]
    seed: int

    def __post_init__(self) -> None:
        _check("time", self.time, TIMES)
        _check("weather", self.weather, WEATHERS)
        _check("ground", self.ground, GROUNDS)
        if not 1 <= len(self.things) <= 2:
            raise ValueError(f"a scene has one or two things, not {len(self.things)}")
        for name, values in (
            ("kind", [thing.kind for thing in self.things]),
            ("colour", [thing.colour for thing in self.things]),
            ("lane", [lane(thing.x) for thing in self.things]),
        ):
            if len(set(values)) != len(values):
                raise ValueError(f"the things of a scene must differ in {name}: {values}")

    def thing(self, kind: str) -> Thing:
        """The thing of that kind.

        Raises:
            ValueError: there is none.
        """
        for thing in self.things:
            if thing.kind == kind:
                return thing
        raise ValueError(f"no {kind} in the scene; it has: {', '.join(thing.kind for thing in self.things)}")

    def with_thing(self, kind: str, thing: Thing) -> Scene:
        """The scene with the thing of that kind replaced."""
        self.thing(kind)
        return replace(self, things=tuple(thing if old.kind == kind else old for old in self.things))


def sample(seed: int, two_things: float = 0.4) -> Scene:
    """The scene of a seed (>= 0); `two_things` is the share of scenes that have two."""
    rng = random.Random(seed)
    count = 2 if rng.random() < two_things else 1
    kinds, colours, lanes = rng.sample(KINDS, count), rng.sample(COLOURS, count), rng.sample(range(len(LANES)), count)
    things = tuple(
        Thing(kind, colour, rng.choice(SIZES), *place(number, rng))
        for kind, colour, number in zip(kinds, colours, lanes, strict=True)
    )
    return Scene(rng.choice(TIMES), rng.choice(WEATHERS), rng.choice(GROUNDS), things, seed)


def place(number: int, rng: random.Random) -> tuple[float, float]:
    """(x, y) drawn in a lane."""
    return round(rng.uniform(*LANES[number]), 2), round(rng.uniform(*BASES), 2)


def lane(x: float) -> int:
    """The number of the lane that x lies in.

    Raises:
        ValueError: it lies in none.
    """
    for number, (low, high) in enumerate(LANES):
        if low <= x <= high:
            return number
    raise ValueError(f"x = {x} lies in no lane; they are {LANES}")


def free_lane(scene: Scene) -> int:
    """The lane without a thing.

    Raises:
        ValueError: both have one.
    """
    free = set(range(len(LANES))) - {lane(thing.x) for thing in scene.things}
    if not free:
        raise ValueError("the scene is full: it has two things")
    return min(free)


def _check(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"unknown {name} {value!r}; there are: {', '.join(known)}")
