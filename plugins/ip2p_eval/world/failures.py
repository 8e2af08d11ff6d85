"""Kinds of instructions that the paper's editor fails at (InstructPix2Pix, discussion), asked of the world.

The world's grammar has none of them, so no editor of the world is trained on them: they are reported apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ip2p_gen_data.world.dataset import CaptionedScenes
from ip2p_gen_data.world.oracle import Reading
from ip2p_gen_data.world.scene import SIDE, Scene, Thing

CLASSES = ("move", "zoom", "swap", "two alike")
_FIRST = 2**32  # rows that the main measure never comes to
MOVES = ("move the {kind} to the {side}", "shift the {kind} over to the {side}", "put the {kind} on the {side} side")
ZOOMS_IN = ("zoom in on the {kind}", "go closer to the {kind}", "bring the {kind} nearer to the camera")
ZOOMS_OUT = ("zoom out from the {kind}", "step back from the {kind}", "take the {kind} farther from the camera")
SWAPS = (
    "swap the {one} and the {other}",
    "let the {one} and the {other} change places",
    "put the {one} where the {other} is, and the {other} where the {one} is",
)
DOUBLES = ("add another {colour} {kind}", "make it two {colour} {kind}s", "put a second {colour} {kind} beside it")


@dataclass(frozen=True)
class Challenge:
    """One instruction of a class, and whether a picture as read is what it asks for."""

    name: str  # of CLASSES
    scene: Scene
    instruction: str
    passed: Callable[[Reading], bool]


def challenges(count: int, seed: int = 0) -> list[Challenge]:
    """`count` of each class, on held-out scenes that the main measure does not use."""
    return [one for name in CLASSES for one in _of_class(name, count, seed)]


def moved(thing: Thing, reading: Reading) -> bool:
    """It alone is to be seen, on the other side."""
    return len(reading.things) == 1 and _is(thing, reading, 0) and _left(reading.things[0].x) != _left(thing.x)


def zoomed(thing: Thing, reading: Reading) -> bool:
    """It alone is to be seen, of the other size: all that the oracle can tell of a picture's scale."""
    return len(reading.things) == 1 and _is(thing, reading, 0) and reading.things[0].size not in (thing.size, None)


def swapped(one: Thing, other: Thing, reading: Reading) -> bool:
    """Both are to be seen, each on the other's side."""
    if len(reading.things) != 2:
        return False
    order = (one, other) if other.x < one.x else (other, one)  # things are read from left to right
    return all(_is(thing, reading, place) for place, thing in enumerate(order))


def doubled(thing: Thing, reading: Reading) -> bool:
    """Two are to be seen, both of its kind and colour."""
    return len(reading.things) == 2 and all(_is(thing, reading, place) for place in range(2))


def _of_class(name: str, count: int, seed: int) -> list[Challenge]:
    found: list[Challenge] = []
    for scene in _scenes(2 if name == "swap" else 1, seed):
        if len(found) == count:
            break
        found.append(_challenge(name, scene, len(found)))
    return found


def _challenge(name: str, scene: Scene, number: int) -> Challenge:
    """The wordings take turns."""
    thing, other = scene.things[0], scene.things[-1]
    if name == "swap":
        said = SWAPS[number % 3].format(one=thing.kind, other=other.kind)
        return Challenge(name, scene, said, lambda reading: swapped(thing, other, reading))
    if name == "move":
        said = MOVES[number % 3].format(kind=thing.kind, side="right" if _left(thing.x) else "left")
        return Challenge(name, scene, said, lambda reading: moved(thing, reading))
    if name == "zoom":
        said = (ZOOMS_IN if thing.size == "small" else ZOOMS_OUT)[number % 3].format(kind=thing.kind)
        return Challenge(name, scene, said, lambda reading: zoomed(thing, reading))
    said = DOUBLES[number % 3].format(colour=thing.colour, kind=thing.kind)
    return Challenge(name, scene, said, lambda reading: doubled(thing, reading))


def _scenes(things: int, seed: int) -> Iterator[Scene]:
    """Held-out scenes with that many things."""
    data = CaptionedScenes(seed=seed, for_training=False)
    index = _FIRST
    while True:
        scene = data[index].scene
        index += 1
        if len(scene.things) == things:
            yield scene


def _is(thing: Thing, reading: Reading, place: int) -> bool:
    found = reading.things[place]
    return found.kind == thing.kind and found.colour == thing.colour


def _left(x: float) -> bool:
    return x < SIDE / 2
