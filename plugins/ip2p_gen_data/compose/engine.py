"""Pairs of a shard: crops of photos (or procedural scenes), each with several looks in random wordings."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ip2p_cli.api import Pair, encode_image

from ..wordings import families, instruction
from . import looks, scenes
from .pixels import Array

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".avif"}


@dataclass(frozen=True)
class ComposeConfig:
    """What pairs to make. `scene_share` of the sources are procedural, all of them where there are no photos."""

    size: int = 256
    looks_per_source: int = 7
    scene_share: float = 0.12
    seed: int = 0


def find_photos(folder: Path) -> list[Path]:
    """All photos under a folder, in name order."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def shard_pairs(photos: Sequence[Path], config: ComposeConfig, shard: int, count: int) -> Iterator[Pair]:
    """`count` pairs of shard number `shard`; the same arguments give the same pairs."""
    made = 0
    for number in range(10**9):
        seed = int(np.random.SeedSequence([config.seed, shard, number]).generate_state(1)[0])
        rng, words = np.random.default_rng(seed), random.Random(seed)
        picture, sky = _source(photos, config, rng)
        original = encode_image(to_image(picture))
        for family in words.sample(families(), config.looks_per_source):
            edited = looks.apply(family, picture, rng, sky)
            yield Pair(
                original_image=original,
                edit_prompt=instruction(family, words),
                edited_image=encode_image(to_image(edited)),
                family=family,
                seed=seed,
            )
            made += 1
            if made == count:
                return


def to_image(x: Array) -> Image.Image:
    """(h, w, 3) in [0, 1] -> RGB image."""
    return Image.fromarray(np.round(x * 255).astype(np.uint8), "RGB")


def _source(photos: Sequence[Path], config: ComposeConfig, rng: np.random.Generator) -> tuple[Array, Array | None]:
    """A picture (s, s, 3) and its sky mask where it is known exactly."""
    if not photos or rng.random() < config.scene_share:
        return scenes.scene(config.size, rng)
    with Image.open(photos[int(rng.integers(len(photos)))]) as opened:
        image = opened.convert("RGB")
    return np.asarray(_crop(image, config.size, rng), np.float32) / np.float32(255), None


def _crop(image: Image.Image, size: int, rng: np.random.Generator) -> Image.Image:
    """A random square of 60–100 % of the short side (or, half the time, the whole photo padded by mirroring)."""
    w, h = image.size
    side = int(min(w, h) * rng.uniform(0.6, 1.0))
    left, top = int(rng.integers(w - side + 1)), int(rng.integers(h - side + 1))
    piece = image.resize((size, size), Image.Resampling.LANCZOS, box=(left, top, left + side, top + side))
    return piece.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else piece
