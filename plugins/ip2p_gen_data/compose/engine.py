"""Pairs of a shard: crops of photos (or procedural scenes), each with several looks and cut-outs in random wordings."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ip2p_cli.api import Pair, encode_image

from ..wordings import families, instruction
from . import looks, scenes
from .crops import crop_alike, open_photo, seeds_of, to_array, to_image
from .cutouts import Cutout, place
from .pixels import Array


@dataclass(frozen=True)
class ComposeConfig:
    """What pairs to make. `scene_share` of the sources are procedural, all of them where there are no photos."""

    size: int = 256
    looks_per_source: int = 7
    scene_share: float = 0.12
    seed: int = 0


@dataclass(frozen=True)
class ComposeEngine:
    """Makes pairs of photos with looks applied, and with cut-outs put in and taken out where there are some."""

    photos: tuple[Path, ...]
    cutouts: tuple[Cutout, ...]
    config: ComposeConfig

    @property
    def settings(self) -> dict[str, Any]:
        """All that the pairs depend on."""
        return {"photos": len(self.photos), "cutouts": len(self.cutouts), **asdict(self.config)}

    def shard(self, index: int, count: int) -> Iterator[Pair]:
        """`count` pairs of shard number `index`; the same arguments give the same pairs."""
        made = 0
        for number in range(10**9):
            [seed] = seeds_of(self.config.seed, index, number)
            for pair in self._of_one_source(seed):
                yield pair
                made += 1
                if made == count:
                    return

    def _of_one_source(self, seed: int) -> Iterator[Pair]:
        rng, words = np.random.default_rng(seed), random.Random(seed)
        picture, sky = _source(self.photos, self.config, rng)
        original = encode_image(to_image(picture))
        for family in words.sample(families(), self.config.looks_per_source):
            edited = encode_image(to_image(looks.apply(family, picture, rng, sky)))
            yield Pair(original, instruction(family, words), edited, family=family, seed=seed)
        if self.cutouts:
            placed = place(to_image(picture), self.cutouts, rng, words)
            with_it = encode_image(placed.with_it)
            yield Pair(original, placed.add, with_it, family="add", seed=seed)
            yield Pair(with_it, placed.remove, original, family="remove", seed=seed)


def _source(photos: Sequence[Path], config: ComposeConfig, rng: np.random.Generator) -> tuple[Array, Array | None]:
    """A picture (s, s, 3) and its sky mask where it is known exactly."""
    if not photos or rng.random() < config.scene_share:
        return scenes.scene(config.size, rng)
    image = open_photo(photos[int(rng.integers(len(photos)))])
    [piece] = crop_alike([image], config.size, rng)
    return to_array(piece), None
