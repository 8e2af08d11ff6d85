"""The files of the stage, under `DIR/.gen-data/instructions/`: whole or not there, so that a killed run goes on.

`shard-IIIII.jsonl` holds the kept rows of one run of captions, `rejected-IIIII.jsonl` the others with their reasons.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..intermediate import stage_folder, write_bytes

STAGE = "instructions"
Row = Mapping[str, Any]


def shard_file(output: Path, index: int) -> Path:
    """A shard is done when this file is there."""
    return stage_folder(output, STAGE) / f"shard-{index:05d}.jsonl"


def rejected_file(output: Path, index: int) -> Path:
    """The rows of a shard that were not kept."""
    return stage_folder(output, STAGE) / f"rejected-{index:05d}.jsonl"


def shard_files(output: Path) -> list[Path]:
    """All finished shards of a dataset folder, in order."""
    return sorted(stage_folder(output, STAGE).glob("shard-*.jsonl"))


def write_shard(output: Path, index: int, kept: Iterable[Row], rejected: Iterable[Row]) -> None:
    """Write both files of a shard; the one that marks it as done last."""
    for path, rows in ((rejected_file(output, index), rejected), (shard_file(output, index), kept)):
        write_bytes(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())


def read_rows(output: Path, *, rejected: bool = False) -> Iterator[dict[str, Any]]:
    """The rows of all finished shards of a dataset folder, in order: what the pairs are made from."""
    for shard in shard_files(output):
        path = shard.with_name(shard.name.replace("shard-", "rejected-")) if rejected else shard
        with path.open(encoding="utf-8") as file:
            yield from map(json.loads, file)
