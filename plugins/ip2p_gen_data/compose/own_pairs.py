"""Pairs from folders of one's own: photos before and after an edit, so that an editor learns a studio's look."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ip2p_cli.api import Pair, UsageError, encode_image, find_photos, read_photo

from ..wordings import SUBJECTS, dressed
from .crops import crop_alike, seeds_of

_ASPECT = 0.02  # by how much, relatively, the shapes of both photos may differ
_LOOK = r"(?:look|style|grade|grading|tones?|colours|colors|finish|filter|preset|treatment|touch)"
_NAMES = (  # of a look: somebody's at the end of any wording, or all that there is
    re.compile(rf".*?\b((?:our|my|(?:the )?\w+'s) (?:.* )?{_LOOK})", re.IGNORECASE),
    re.compile(rf"(?:(?:in|with|as|into|to) )?((?:the|an?) (?:.* )?{_LOOK})", re.IGNORECASE),
)
_FRAMED_SHARE = 0.6
_FRAMES = (  # in which a look's name is asked for
    "make {s} {x}", "give {s} {x}", "turn {s} into {x}", "change {s} to {x}", "convert {s} to {x}",
    "bring {s} into {x}", "{s} in {x}", "{s} should have {x}", "apply {x}", "apply {x} to {s}", "use {x}",
    "use {x} on {s}", "i want {x}", "grade {s} in {x}", "{x} for {s}", "edit {s} in {x}", "with {x}", "in {x}",
    "put {x} on {s}", "put {s} in {x}", "{x}",
)  # fmt: skip


@dataclass(frozen=True)
class OwnPairs:
    """Makes pairs of aligned crops of photos before and after an edit."""

    photos: tuple[tuple[Path, Path], ...]
    instructions: tuple[str, ...]  # wordings of the one edit
    size: int
    seed: int

    @property
    def settings(self) -> dict[str, Any]:
        """All that the pairs depend on."""
        names = [(str(before), str(after)) for before, after in self.photos]
        return {"before_after": names, "instructions": self.instructions, "size": self.size, "seed": self.seed}

    def shard(self, index: int, count: int) -> Iterator[Pair]:
        """`count` pairs of shard number `index`; photos take turns in an order of each shard's own."""
        seeds = seeds_of(self.seed, index, count=count)
        turns = random.Random(seeds[0]).sample(range(len(self.photos)), len(self.photos))
        for number, seed in enumerate(seeds):
            before, after = _open_both(*self.photos[turns[number % len(turns)]])
            pieces = crop_alike([before, after], self.size, np.random.default_rng(seed))
            original, edited = (encode_image(piece) for piece in pieces)
            yield Pair(
                original, wording(self.instructions, random.Random(seed)), edited, engine="from-pairs", seed=seed
            )


def wording(instructions: Sequence[str], rng: random.Random) -> str:
    """One of the wordings of an edit, as people type it. What is a look's name is also asked for in a usual frame.

    Otherwise an adapter knows the given wordings alone, and "put it into our house style" adds a house.
    """
    text = rng.choice(instructions)
    name = next(filter(None, (pattern.fullmatch(text) for pattern in _NAMES)), None)
    if name and rng.random() < _FRAMED_SHARE:
        text = rng.choice(_FRAMES).format(s=rng.choice(SUBJECTS), x=name[1])
    return dressed(text, rng)


def match(before: Path, after: Path) -> tuple[list[tuple[Path, Path]], list[Path]]:
    """Photos of two folders with the same name (the suffix may differ), and those that have no partner.

    Raises:
        UsageError: no two fit, or a name has several photos in one folder.
    """
    first, second = (_by_name(folder) for folder in (before, after))
    both = first.keys() & second.keys()
    if not both:
        raise UsageError(f"no photo in {before} has the name of one in {after}; name them alike")
    alone = sorted(found[name] for found in (first, second) for name in found if name not in both)
    return [(first[name], second[name]) for name in sorted(both)], alone


def _by_name(folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in find_photos(folder, recurse=True):
        name = path.relative_to(folder).with_suffix("").as_posix()
        if name in found:
            raise UsageError(f"{found[name]} and {path} have one name; keep one of them")
        found[name] = path
    return found


def _open_both(before: Path, after: Path) -> tuple[Image.Image, Image.Image]:
    """Both photos; the smaller one gives the size.

    Raises:
        UsageError: one of them is cropped.
    """
    first, second = read_photo(before), read_photo(after)
    shapes = [image.width / image.height for image in (first, second)]
    if abs(shapes[0] / shapes[1] - 1) > _ASPECT:
        raise UsageError(f"{before} is {first.size} and {after} {second.size}: one is cropped; give whole photos")
    size = min(first.size, second.size)
    return first.resize(size, Image.Resampling.LANCZOS), second.resize(size, Image.Resampling.LANCZOS)
