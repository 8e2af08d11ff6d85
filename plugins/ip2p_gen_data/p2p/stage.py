"""Runs an engine over all samples of all caption pairs, shard by shard; a finished shard is never made again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ip2p_cli.api import encode_image

from ..candidates import STAGE, Candidate, shard_file, write_candidates
from ..intermediate import claim, stage_folder
from ..prompts import CaptionPair
from .config import DrawConfig, Sample, draw

if TYPE_CHECKING:
    from .engine import ImagePair

Work = tuple[CaptionPair, Sample]
Engine = Callable[[Sequence[Work]], "Sequence[ImagePair | None]"]
PER_SHARD = 128  # candidates: what a killed run loses at most


def make_candidates(
    output: Path,
    pairs: Sequence[CaptionPair],
    engine: Callable[[], Engine],
    config: DrawConfig,
    settings: Mapping[str, Any],
    batch_size: int = 8,
    per_shard: int = PER_SHARD,
) -> Iterator[tuple[int, int]]:
    """Write every missing shard, telling after each batch (candidates done, of how many).

    Args:
        output: the dataset's folder.
        pairs: what to draw.
        engine: makes the engine; asked only if there is something left to draw.
        config: how many samples, and the ranges of their settings.
        settings: all else that the pictures depend on, for the record.
        batch_size: pairs at a time. Pictures depend on it by rounding only.
        per_shard: candidates a shard.

    Raises:
        UsageError: `output` holds candidates made with other settings.
        EnvironmentStop: the disk gave out; the same call goes on.
    """
    total = len(pairs) * config.samples
    shards = -(-total // per_shard)
    record = {**settings, "captions": _digest(pairs), "shards": shards, "per_shard": per_shard}
    claim(stage_folder(output, STAGE), record)
    missing = [index for index in range(shards) if not shard_file(output, index).exists()]
    if not missing:
        return
    run = engine()
    left = sum(len(_work(pairs, config, index, per_shard)) for index in missing)
    made, before = 0, total - left
    for index in missing:
        work, found = _work(pairs, config, index, per_shard), []
        for start in range(0, len(work), batch_size):
            part = work[start : start + batch_size]
            found += [_candidate(*item, images) for item, images in zip(part, run(part), strict=True)]
            made += len(part)
            if len(found) == len(work):
                write_candidates(output, index, found)
            yield before + made, total


def _work(pairs: Sequence[CaptionPair], config: DrawConfig, shard: int, per_shard: int) -> list[Work]:
    """The samples of one shard: all of the first caption pair, then of the second …"""
    places = range(shard * per_shard, min((shard + 1) * per_shard, len(pairs) * config.samples))
    found = ((pairs[place // config.samples], place % config.samples) for place in places)
    return [(pair, draw(config, pair.row, sample)) for pair, sample in found]


def _candidate(pair: CaptionPair, sample: Sample, images: ImagePair | None) -> Candidate:
    return Candidate(
        original_prompt=pair.original,
        edit_prompt=pair.edit,
        edited_prompt=pair.edited,
        engine="p2p",
        original_image=encode_image(images.original) if images else None,
        edited_image=encode_image(images.edited) if images else None,
        **vars(sample),
    )


def _digest(pairs: Sequence[CaptionPair]) -> str:
    text = json.dumps([asdict(pair) for pair in pairs], ensure_ascii=False)
    return blake2b(text.encode(), digest_size=16).hexdigest()
