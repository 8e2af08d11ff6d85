"""Puts a finished dataset in place: aside first, then moved; a process killed on the way finishes the move next time.

`DIR/data-*.parquet` is replaced as a whole, and only where the same stage has written it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from ip2p_cli.api import Pair, UsageError, shards_of, write_shard, writing

from .intermediate import stage_folder, write_json

PAIRS_PER_SHARD = 500


def publish(folder: Path, pairs: Iterable[Pair], count: int, made_by: str) -> int:
    """Replace a dataset by `count` pairs; returns the number of shards.

    Args:
        folder: the dataset.
        pairs: what it shall hold, in order.
        count: how many they are.
        made_by: the stage, as a name that only its own later runs give.

    Raises:
        UsageError: the folder holds a dataset that was made in another way.
    """
    check_owner(folder, made_by)
    finish(folder)
    staging = _staging(folder)
    shutil.rmtree(staging, ignore_errors=True)
    with writing(staging):
        staging.mkdir(parents=True)
    shards = -(-count // PAIRS_PER_SHARD)
    parts = _parts(pairs, PAIRS_PER_SHARD)
    names = [write_shard(staging, index, shards, part).name for index, part in zip(range(shards), parts, strict=True)]
    write_json(_owner_file(folder), {"made_by": made_by})
    write_json(staging / "ready.json", names)  # from here on the new dataset counts
    finish(folder)
    return shards


def check_owner(folder: Path, made_by: str) -> None:
    """See that a dataset in a folder may be replaced by this stage.

    Raises:
        UsageError: somebody else's lies there.
    """
    path = _owner_file(folder)
    owner = json.loads(path.read_text(encoding="utf-8"))["made_by"] if path.exists() else "another command"
    if shards_of(folder) and owner != made_by:
        raise UsageError(f"{folder} holds a dataset made by {owner}; choose another -o")


def finish(folder: Path) -> None:
    """Move what a run has written whole into place, if there is such; harmless at any time."""
    ready = _staging(folder) / "ready.json"
    if not ready.exists():
        return
    names = json.loads(ready.read_text(encoding="utf-8"))
    for old in folder.glob("data-*.parquet"):
        if old.name not in names:
            old.unlink()
    for name in names:
        if (ready.parent / name).exists():  # else it was moved before the process was killed
            os.replace(ready.parent / name, folder / name)
    ready.unlink()
    shutil.rmtree(ready.parent, ignore_errors=True)


def _parts(pairs: Iterable[Pair], size: int) -> Iterator[list[Pair]]:
    remaining = iter(pairs)
    while part := list(islice(remaining, size)):
        yield part


def _staging(folder: Path) -> Path:
    return stage_folder(folder, "finished")


def _owner_file(folder: Path) -> Path:
    return stage_folder(folder, "owner.json")
