"""Candidates: every image pair that was drawn, good or bad, in Parquet shards under `DIR/.gen-data/pairs/`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ip2p_cli.api import UsageError

from .intermediate import read_settings, stage_folder, write_table

if TYPE_CHECKING:
    import pyarrow as pa

STAGE = "pairs"
KEYS = ("row", "sample")  # name a candidate
FACTS = {
    "row": "int64",
    "sample": "int64",
    "original_prompt": "string",
    "edit_prompt": "string",
    "edited_prompt": "string",
    "engine": "string",
    "seed": "int64",
    "p2p_threshold": "float32",
    "cfg_scale": "float32",
}
IMAGES = {"original_image": "binary", "edited_image": "binary"}  # null where the network gave NaN or infinity


@dataclass(frozen=True)
class Candidate:
    """One image pair; images are encoded files."""

    row: int
    sample: int
    original_prompt: str
    edit_prompt: str
    edited_prompt: str
    engine: str
    seed: int
    p2p_threshold: float
    cfg_scale: float
    original_image: bytes | None
    edited_image: bytes | None


def shard_file(output: Path, index: int) -> Path:
    """A shard is done when this file is there."""
    return stage_folder(output, STAGE) / f"candidates-{index:05d}.parquet"


def write_candidates(output: Path, index: int, candidates: Sequence[Candidate]) -> None:
    """Write one shard, whole or not at all."""
    import pyarrow as pa

    schema = pa.schema(list((FACTS | IMAGES).items()))
    write_table(shard_file(output, index), pa.Table.from_pylist([vars(one) for one in candidates], schema=schema))


def finished_shards(output: Path) -> list[Path]:
    """All shards of a finished pair stage, in order.

    Raises:
        UsageError: there is none, or it has not finished.
    """
    settings = read_settings(stage_folder(output, STAGE))
    if settings is None:
        raise UsageError(f"{output} holds no candidates; make some: ip2p gen-data pairs -o {output}")
    shards = [shard_file(output, index) for index in range(int(settings["shards"]))]
    missing = [shard for shard in shards if not shard.exists()]
    if missing:
        raise UsageError(
            f"{output}: {len(missing)} of {len(shards)} shards of candidates are missing; run `gen-data pairs` again"
        )
    return shards


def read_facts(shard: Path) -> pa.Table:
    """A shard without its pictures."""
    import pyarrow.parquet as pq

    return pq.read_table(shard, columns=list(FACTS))


def read_rows(shard: Path, columns: Sequence[str], batch: int = 32) -> Iterator[list[dict[str, Any]]]:
    """Rows of a shard, `batch` at a time."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(shard) as file:
        for part in file.iter_batches(batch, columns=list(columns)):
            yield part.to_pylist()
