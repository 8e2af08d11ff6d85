"""Pairs of a shard: crops of photos (or procedural scenes), each with several looks and local edits in random words."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ip2p_cli.api import Pair, encode_image, read_photo

from ..wordings import families, instruction
from . import looks, scenes
from .crops import crop_alike, seeds_of, to_array, to_image
from .cutout_edits import cutout_pairs
from .cutouts import Cutout
from .local.backgrounds import background
from .local.edits import local_edit
from .pixels import Array, sky_mask

_LIGHTS = ("night", "sunset", "winter", "autumn", "warm", "cold", "darker")  # in which things are added, too


@dataclass(frozen=True)
class ComposeConfig:
    """What pairs to make. `scene_share` of the sources are procedural, all of them where there are no photos."""

    size: int = 256
    looks_per_source: int = 5
    local_per_source: int = 4
    background_share: float = 0.06  # of the local edits: mountains and skylines behind procedural landscapes
    cutout_share: float = 0.5  # of the sources get cut-outs, too
    lit_share: float = 0.12  # of the sources' local edits are made on the picture by night, at sunset or in snow
    scene_share: float = 0.12
    seed: int = 0


@dataclass(frozen=True)
class ComposeEngine:
    """Makes pairs of photos with looks applied, and with things and the user's cut-outs put in and taken out."""

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
        for before, after, text, family in self._local_edits(picture, sky, rng, words):
            before_file = original if before is picture else encode_image(to_image(before))
            yield Pair(before_file, text, encode_image(to_image(after)), family=family, seed=seed)
        if self.cutouts and rng.random() < self.config.cutout_share:
            for cut in cutout_pairs(to_image(picture), self.cutouts, rng, words):
                yield Pair(
                    encode_image(cut.before), cut.instruction, encode_image(cut.after), family=cut.family, seed=seed
                )

    def _local_edits(
        self, picture: Array, sky: Array | None, rng: np.random.Generator, words: random.Random
    ) -> Iterator[tuple[Array, Array, str, str]]:
        """Before, after, wording and family of one source's local edits."""
        if self.config.local_per_source and rng.random() < self.config.lit_share:
            picture = looks.apply(words.choice(_LIGHTS), picture, rng, sky)
        known = sky_mask(picture) if sky is None else sky
        for _ in range(self.config.local_per_source):
            if rng.random() < self.config.background_share:
                behind = background(self.config.size, rng, words)
                yield behind.before, behind.after, behind.instruction, behind.family
            else:
                edit = local_edit(picture, known, rng, words)
                yield edit.before, edit.after, edit.instruction, edit.family


def _source(photos: Sequence[Path], config: ComposeConfig, rng: np.random.Generator) -> tuple[Array, Array | None]:
    """A picture (s, s, 3) and its sky mask where it is known exactly."""
    if not photos or rng.random() < config.scene_share:
        return scenes.scene(config.size, rng)
    image = read_photo(photos[int(rng.integers(len(photos)))])
    [piece] = crop_alike([image], config.size, rng)
    return to_array(piece), None
