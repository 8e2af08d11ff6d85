"""Runs an engine over all samples of all caption pairs, shard by shard; a finished shard is never made again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ip2p_cli.api import UsageError, Workplace, encode_image, spread

from ..candidates import STAGE, Candidate, shard_file, write_candidates
from ..intermediate import claim, read_settings, stage_folder
from ..prompts import CaptionPair
from .config import DrawConfig, Sample, draw

if TYPE_CHECKING:
    from .engine import ImagePair

Work = tuple[CaptionPair, Sample]
Engine = Callable[[Sequence[Work]], "Sequence[ImagePair | None]"]
Loader = Callable[["str | None"], Engine]  # given a device, None for the best there is
PER_SHARD = 128  # candidates: what a killed run loses at most


def make_candidates(
    output: Path,
    pairs: Sequence[CaptionPair],
    engine: Loader,
    config: DrawConfig,
    settings: Mapping[str, Any],
    batch_size: int = 8,
    per_shard: int = PER_SHARD,
    place: Workplace | str | None = None,
) -> Iterator[tuple[int, int]]:
    """Write every missing shard, telling at the start and after each batch, or each shard, (candidates done, of all).

    Args:
        output: the dataset's folder.
        pairs: what to draw.
        engine: loads the engine; asked only if there is something left to draw. It travels to workers by pickle.
        config: how many samples, and the ranges of their settings.
        settings: all else that the pictures depend on, for the record.
        batch_size: pairs at a time. Pictures depend on it by rounding only.
        per_shard: candidates a shard.
        place: workers that each draw whole shards, the same ones as one process; or this process's device.

    Raises:
        UsageError: `output` holds candidates made with other settings.
        EnvironmentStop: the disk gave out, or no worker is left; the same call goes on.
    """
    total = len(pairs) * config.samples
    shards = -(-total // per_shard)
    record = {**settings, "captions": _digest(pairs), "shards": shards, "per_shard": per_shard}
    claim(stage_folder(output, STAGE), record)
    missing = [index for index in range(shards) if not shard_file(output, index).exists()]
    if not missing:
        return
    done = total - sum(len(_places(index, per_shard, total)) for index in missing)
    yield done, total  # before any is drawn, so that a rate counts from here
    left = (_Shard(index, _work(pairs, config, _places(index, per_shard, total))) for index in missing)
    for made in _drawn(left, _Drawer(output, record, engine, batch_size), place):
        done += made
        yield done, total


def _drawn(shards: Iterable[_Shard], drawer: _Drawer, place: Workplace | str | None) -> Iterator[int]:
    """Draw them; how many candidates are done each time."""
    if place is None or isinstance(place, str):
        draw_parts = drawer.parts_on(place)
        for shard in shards:
            yield from draw_parts(shard)
    else:
        yield from spread(place, drawer, shards)


@dataclass(frozen=True)
class _Shard:
    """What one shard holds."""

    index: int
    work: Sequence[Work]


@dataclass(frozen=True)
class _Drawer:
    """Called with a device, it gives a function that draws and writes a shard. It travels by pickle."""

    output: Path
    record: Mapping[str, Any]  # the settings that are kept in the output
    engine: Loader
    batch_size: int

    def __call__(self, device: str | None) -> Callable[[_Shard], int]:
        draw_parts = self.parts_on(device)
        return lambda shard: sum(draw_parts(shard))

    def parts_on(self, device: str | None) -> Callable[[_Shard], Iterator[int]]:
        """The same, telling after each batch how many candidates it made.

        Raises:
            UsageError: on this machine the output is another folder than where the run was started.
        """
        if read_settings(stage_folder(self.output, STAGE)) != self.record:
            raise UsageError(f"a worker's machine does not see {self.output}; give -o on a file system that all share")
        run = self.engine(device)

        def draw_parts(shard: _Shard) -> Iterator[int]:
            found: list[Candidate] = []
            for start in range(0, len(shard.work), self.batch_size):
                part = shard.work[start : start + self.batch_size]
                found += [_candidate(*item, images) for item, images in zip(part, run(part), strict=True)]
                if len(found) == len(shard.work):
                    write_candidates(self.output, shard.index, found)
                yield len(part)

        return draw_parts


def _places(shard: int, per_shard: int, total: int) -> range:
    """The places of a shard's candidates among all."""
    return range(shard * per_shard, min((shard + 1) * per_shard, total))


def _work(pairs: Sequence[CaptionPair], config: DrawConfig, places: range) -> list[Work]:
    """The samples at these places: all of the first caption pair come first, then those of the second …"""
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
