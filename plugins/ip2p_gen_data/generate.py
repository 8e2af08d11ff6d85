"""Runs a pair maker over shards in parallel processes; a finished shard is never made again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol

from ip2p_cli.api import (
    EnvironmentStop,
    Pair,
    UsageError,
    make_output_folder,
    progress_bar,
    shard_path,
    write_shard,
)

from .intermediate import write_json


class PairMaker(Protocol):
    """Makes any shard of a dataset by its number alone. It travels to other processes by pickle."""

    @property
    def settings(self) -> dict[str, Any]:
        """All that the pairs depend on."""

    def shard(self, index: int, count: int) -> Iterator[Pair]:
        """`count` pairs of shard number `index`."""


def generate(folder: Path, maker: PairMaker, pairs: int, pairs_per_shard: int, workers: int) -> int:
    """Write all missing shards of a dataset of `pairs` pairs; returns the number of shards.

    Raises:
        UsageError: the folder holds a dataset made with other settings.
        EnvironmentStop: the disk or the memory gave out; the same call goes on.
    """
    make_output_folder(folder)
    count = -(-pairs // pairs_per_shard)
    _same_settings(folder, {"pairs": pairs, **maker.settings})
    missing = [index for index in range(count) if not shard_path(folder, index, count).exists()]
    sizes = {index: min(pairs_per_shard, pairs - index * pairs_per_shard) for index in missing}
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_one_thread) as pool:
        futures = [pool.submit(_make, folder, index, count, maker, sizes[index]) for index in missing]
        try:
            for future in progress_bar(as_completed(futures), total=len(futures), label="shards"):
                future.result()
        except BrokenProcessPool:
            raise EnvironmentStop(
                "a process that made pairs was killed, as where memory runs out; give fewer --workers, "
                "and the same command goes on"
            ) from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # after a failure the other shards would fail alike
    return count


def _make(folder: Path, index: int, count: int, maker: PairMaker, size: int) -> None:
    write_shard(folder, index, count, maker.shard(index, size))


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _same_settings(folder: Path, settings: dict[str, Any]) -> None:
    path = folder / ".gen-data.json"
    settings = json.loads(json.dumps(settings))  # as it will be read back
    if path.exists() and json.loads(path.read_text(encoding="utf-8")) != settings:
        raise UsageError(f"{folder} holds a dataset made with other settings; choose another -o, or delete it")
    write_json(path, settings)
