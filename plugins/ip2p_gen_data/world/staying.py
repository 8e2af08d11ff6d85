"""What an edit leaves as it was: read from the pictures before and after, and compared where the edit names nothing."""

from __future__ import annotations

from dataclasses import dataclass

from .edits import Edit
from .oracle import Reading, ReadThing

NEAR = 2.0  # pixels, in each direction


@dataclass(frozen=True)
class Staying:
    """A verdict for each attribute that the edit does not name, and for each thing that stands in both pictures."""

    attributes: tuple[bool, ...]
    places: tuple[bool, ...]


def staying(edit: Edit, before: Reading, after: Reading) -> Staying:
    """What stayed. What cannot be told, or is not there, did not stay.

    Things are matched from left to right: those of a scene stand in lanes of their own.
    """
    skies = [
        _same(getattr(before, name), getattr(after, name))
        for name in ("time", "weather", "ground")
        if name != edit.verb
    ]
    olds = [thing for thing in before.things if not (edit.verb == "remove" and thing.kind == edit.target)]
    added = edit.thing.kind[0] if edit.thing else None
    news = [thing for thing in after.things if added is None or thing.kind != added]
    if len(olds) != len(news):
        return Staying((*skies, False), (False,))
    pairs = list(zip(olds, news, strict=True))
    things = [verdict for old, new in pairs for verdict in _thing(edit, old, new)]
    return Staying((*skies, *things), tuple(_near(edit, old, new) for old, new in pairs))


def _thing(edit: Edit, old: ReadThing, new: ReadThing) -> list[bool]:
    named = edit.verb if old.kind == edit.target else ""
    return [_same(getattr(old, name), getattr(new, name)) for name in ("kind", "colour", "size") if name != named]


def _near(edit: Edit, old: ReadThing, new: ReadThing) -> bool:
    """The middle of a thing rises as it grows, so that of one made larger, or another kind, only x is compared."""
    reshaped = edit.verb in ("size", "kind") and old.kind == edit.target
    return abs(old.x - new.x) <= NEAR and (reshaped or abs(old.y - new.y) <= NEAR)


def _same(old: str | None, new: str | None) -> bool:
    return old is not None and old == new
