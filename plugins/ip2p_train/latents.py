"""Latents and text states of a whole dataset, computed once with the frozen parts and kept on disk."""

from __future__ import annotations

import hashlib
import io
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from ip2p_cli.api import UsageError

from .ahead import DECODERS, map_ahead
from .base import Base
from .buckets import bucket_size, cover, same_shape
from .encoders import Opened, Pictures, Texts, decoding, fingerprint, load_text, load_vae, open_picture
from .tensor_store import TensorStore

NULL_TEXT = ""
CAPTIONS = ("original_prompt", "edited_prompt")  # columns that a dataset may have


@dataclass(frozen=True)
class Bucket:
    """Pairs of one size; the i-th of each list belongs to pair i. Photos and edits are keys in the store."""

    photos: list[bytes] = field(default_factory=list)
    edited: list[bytes] = field(default_factory=list)
    instructions: list[str] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)  # of the dataset


@dataclass(frozen=True)
class Picked:
    """Some pairs, all of one bucket."""

    bucket: int
    pairs: list[int]

    def __getitem__(self, some: slice) -> Picked:
        return Picked(self.bucket, self.pairs[some])


@dataclass(frozen=True)
class LatentPairs:
    """The pairs of one side of a dataset, in buckets of one size each."""

    store: TensorStore
    buckets: tuple[Bucket, ...]
    text_key: Callable[[str], bytes]
    scaling_factor: float  # of the autoencoder, for the edited latents
    encoded_by: str  # stands for autoencoder, tokenizer and text encoder

    def __len__(self) -> int:
        return sum(len(bucket.rows) for bucket in self.buckets)

    @cached_property
    def null_text(self) -> Tensor:
        """States of no instruction.  # (l, d)"""
        return self.store.get([self.text_key(NULL_TEXT)])[0]

    def latent_shape(self, bucket: int) -> tuple[int, ...]:
        """(c, h, w) of a bucket."""
        return self.store.shape(self.buckets[bucket].edited[0])

    def pick(self, generator: torch.Generator, count: int) -> Picked:
        """`count` random pairs of one bucket, which is chosen in proportion to its size."""
        ends = list(accumulate(len(bucket.rows) for bucket in self.buckets))
        bucket = bisect_right(ends, int(torch.randint(ends[-1], (1,), generator=generator)))
        pairs = torch.randint(len(self.buckets[bucket].rows), (count,), generator=generator)
        return Picked(bucket, pairs.tolist())

    def take(self, picked: Picked) -> tuple[Tensor, Tensor, Tensor]:
        """Their edited latents (b, c, h, w), times the scaling factor; photo latents, unscaled; texts (b, l, d)."""
        bucket, pairs = self.buckets[picked.bucket], picked.pairs
        return (
            self.store.get([bucket.edited[pair] for pair in pairs]) * self.scaling_factor,
            self.store.get([bucket.photos[pair] for pair in pairs]),
            self.store.get([self.text_key(bucket.instructions[pair]) for pair in pairs]),
        )

    def names(self, picked: Picked) -> list[str]:
        """Row number and instruction of each."""
        bucket = self.buckets[picked.bucket]
        return [f"row {bucket.rows[pair]} ({bucket.instructions[pair]!r})" for pair in picked.pairs]


@dataclass(frozen=True)
class Sample:
    """A held-out pair as pictures of one size."""

    before: Image.Image
    instruction: str
    target: Image.Image
    caption: str = ""  # of the photo, and of the edit; "" where the dataset has none
    edited_caption: str = ""


@dataclass(frozen=True)
class Encoded:
    """A dataset's two sides, and some pictures of the second."""

    learned: LatentPairs
    held_out: LatentPairs
    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class Cut:
    """How a dataset is read."""

    resolution: int
    mirror: bool = False
    held_out: float = 0.0  # share of the photos
    samples: int = 0  # pictures wanted of the held-out side
    precision: str = "fp32"


def encode_dataset(
    rows: Iterable[Mapping[str, Any]], base: Base, cut: Cut, cache: Path, device: str | torch.device = "cpu"
) -> Encoded:
    """Encode every row with the frozen parts in `base`; what `cache` has already is not encoded again.

    Raises:
        UsageError: a picture cannot be decoded, the two of a pair differ in shape, or nothing is left to learn.
    """
    store = TensorStore(cache)
    vae = load_vae(base.folder).to(device)
    tokenizer, encoder = load_text(base.folder)
    vae_name = fingerprint(base.folder / "vae")
    pictures = Pictures(vae, store, cut.precision, vae_name)
    name = fingerprint(base.folder / "tokenizer", base.folder / "text_encoder")
    texts = Texts(tokenizer, encoder.to(device), store, name)
    sides: tuple[dict[tuple[int, int], Bucket], ...] = ({}, {})
    samples: list[Sample] = []
    reader = _Reader(base, cut, pictures)
    for number, read in enumerate(map_ahead(reader, enumerate(rows), DECODERS, 4 * DECODERS)):
        bucket = sides[read.held_out].setdefault(read.size, Bucket())
        for photo, edited in read.pictures:
            bucket.photos.append(pictures.add(photo, read.size))
            bucket.edited.append(pictures.add(edited, read.size))
            bucket.instructions.append(read.instruction)
            bucket.rows.append(number)
        if read.held_out and len(samples) < cut.samples:
            samples.append(_sample(read))
    pictures.finish()
    texts.add([NULL_TEXT, *(text for side in sides for bucket in side.values() for text in bucket.instructions)])
    factor = float(vae.config.scaling_factor)
    learned, held = (
        LatentPairs(store, tuple(side[size] for size in sorted(side)), texts.key, factor, (vae_name + name).hex())
        for side in sides
    )
    if not len(learned):
        raise UsageError("all pairs of the dataset are held out; set [validation] share to less")
    return Encoded(learned, held, tuple(samples))


def is_held_out(photo: bytes, share: float) -> bool:
    """Whether all pairs of a photo are for validation; its bytes decide, so that it never changes sides."""
    digest = hashlib.blake2b(photo, digest_size=8, person=b"held out").digest()
    return int.from_bytes(digest, "big") < share * 2**64


@dataclass(frozen=True)
class _Read:
    """A row of a dataset, decoded where it has to be."""

    row: Mapping[str, Any]
    instruction: str
    size: tuple[int, int]
    held_out: bool
    pictures: tuple[tuple[Opened, Opened], ...]  # photo and edit; a second time mirrored


@dataclass(frozen=True)
class _Reader:
    """Reads rows, in any thread."""

    base: Base
    cut: Cut
    pictures: Pictures

    def __call__(self, numbered: tuple[int, Mapping[str, Any]]) -> _Read:
        number, row = numbered
        files, instruction = (row["original_image"], row["edited_image"]), str(row["edit_prompt"])
        held_out = is_held_out(files[0], self.cut.held_out)
        try:
            size = _size(*files, self.base, self.cut)
            sides = (False, True) if self.cut.mirror and not held_out else (False,)
            opened = [[self.pictures.open(file, size, mirrored) for file in files] for mirrored in sides]
        except ValueError as problem:
            raise UsageError(
                f"row {number} of the dataset ({instruction!r}): {problem}; take it out "
                "(ip2p gen-data validate lists all such rows)"
            ) from problem
        return _Read(row, instruction, size, held_out, tuple((photo, edited) for photo, edited in opened))


def _sample(read: _Read) -> Sample:
    before, target = (cover(open_picture(read.row[name]), read.size) for name in ("original_image", "edited_image"))
    captions = (str(read.row.get(name) or "") for name in CAPTIONS)
    return Sample(before, read.instruction, target, *captions)


def _size(photo: bytes, edited: bytes, base: Base, cut: Cut) -> tuple[int, int]:
    sizes = []
    for file in (photo, edited):
        with decoding(), Image.open(io.BytesIO(file)) as image:
            sizes.append(image.size)
    if not same_shape(*sizes):
        (w, h), (other_w, other_h) = sizes
        raise ValueError(f"its pictures differ in shape, {w} × {h} and {other_w} × {other_h}")
    return bucket_size(*sizes[0], cut.resolution**2, base.multiple)
