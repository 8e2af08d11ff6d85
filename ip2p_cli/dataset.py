"""The dataset on disk: Parquet shards with the columns of `timbrooks/instructpix2pix-clip-filtered` and provenance."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ip2p_cli.errors import UsageError
from ip2p_cli.printable import in_short
from ip2p_cli.writing import writing

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from PIL import Image

COLUMNS = {
    "original_prompt": "string",
    "original_image": "image",
    "edit_prompt": "string",
    "edited_prompt": "string",
    "edited_image": "image",
    "engine": "string",
    "family": "string",
    "seed": "int64",
    "p2p_threshold": "float32",
    "cfg_scale": "float32",
    "clip_sim_0": "float32",
    "clip_sim_1": "float32",
    "clip_sim_dir": "float32",
    "clip_sim_image": "float32",
}
REQUIRED = ("original_image", "edit_prompt", "edited_image")


@dataclass(frozen=True)
class Pair:
    """One training example; images are encoded files."""

    original_image: bytes
    edit_prompt: str
    edited_image: bytes
    original_prompt: str = ""
    edited_prompt: str = ""
    engine: str = "compose"
    family: str = ""
    seed: int = 0
    p2p_threshold: float | None = None  # None: the engine has no such setting, or nobody measured it
    cfg_scale: float | None = None
    clip_sim_0: float | None = None
    clip_sim_1: float | None = None
    clip_sim_dir: float | None = None
    clip_sim_image: float | None = None


def encode_image(image: Image.Image, quality: int = 92) -> bytes:
    """JPEG without chroma subsampling: colour is what these pairs teach."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, subsampling=0)
    return buffer.getvalue()


def schema() -> pa.Schema:
    """The Arrow schema, with the note that makes `datasets.load_dataset` decode the two image columns."""
    import pyarrow as pa

    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    features = {
        name: {"_type": "Image"} if kind == "image" else {"dtype": kind, "_type": "Value"}
        for name, kind in COLUMNS.items()
    }
    note = json.dumps({"info": {"features": features}}).encode()
    fields = [(name, image if kind == "image" else kind) for name, kind in COLUMNS.items()]
    return pa.schema(fields).with_metadata({b"huggingface": note})


def write_shard(folder: Path, index: int, count: int, pairs: Iterable[Pair]) -> Path:
    """Write `data-IIIII-of-NNNNN.parquet` by rename: a shard is there whole or not at all.

    Raises:
        EnvironmentStop: the disk is full, read-only or failing.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [_row(pair) for pair in pairs]
    path = shard_path(folder, index, count)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    with writing(path):
        try:
            pq.write_table(pa.Table.from_pylist(rows, schema=schema()), temporary)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)  # there only after a failure: it would keep a full disk full
    return path


def shard_path(folder: Path, index: int, count: int) -> Path:
    return folder / f"data-{index:05d}-of-{count:05d}.parquet"


def shards_of(folder: Path) -> list[Path]:
    """The Parquet files of a dataset, in name order. What lies in hidden folders is not finished yet."""
    found = (path for path in folder.rglob("*.parquet") if path.is_file())
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def read_pairs(folder: Path, columns: Sequence[str] | None = None) -> Iterator[Mapping[str, Any]]:
    """Rows of all shards, in name order; image columns come as encoded bytes.

    Args:
        folder: the dataset.
        columns: what to read, None where a shard lacks it; without it the required columns, family and seed.

    Raises:
        UsageError: no Parquet shard in `folder`, one that is torn or without a required column, or a row that lacks a
            picture or an instruction.
    """
    for shard in _some_shards(folder):
        with _opened(shard) as file:
            asked = (*REQUIRED, "family", "seed") if columns is None else columns
            wanted = [name for name in asked if name in file.schema_arrow.names]
            lacking = {name: None for name in asked if columns is not None and name not in wanted}
            for number, row in enumerate(_rows(file, shard, wanted)):
                for name in REQUIRED:
                    if name in row:
                        row[name] = _required(row[name], name, f"{shard}, row {number}")
                yield row | lacking


def count_pairs(folder: Path) -> int:
    """How many rows a dataset has; only what stands at the end of each shard is read.

    Raises:
        UsageError: as `read_pairs`, or there are none.
    """
    total = 0
    for shard in _some_shards(folder):
        with _opened(shard) as file:
            total += file.metadata.num_rows
    if not total:
        raise UsageError(f"the dataset in {folder} is empty; delete it, and make one: ip2p gen-data -o {folder}")
    return total


def _some_shards(folder: Path) -> list[Path]:
    shards = shards_of(folder)
    if not shards:
        raise UsageError(f"{folder} holds no dataset (*.parquet); make one: ip2p gen-data -o {folder}")
    return shards


def _opened(shard: Path) -> pq.ParquetFile:
    """The file, known to have the required columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(shard)
    except (pa.ArrowException, OSError) as problem:
        raise _unreadable(shard, problem) from None
    missing = [name for name in REQUIRED if name not in file.schema_arrow.names]
    if missing:
        file.close()
        raise UsageError(f"{shard} has no column {missing[0]}; it has: {', '.join(file.schema_arrow.names)}")
    return file


def _rows(file: pq.ParquetFile, shard: Path, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    import pyarrow as pa

    try:
        for batch in file.iter_batches(64, columns=columns):
            yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as problem:
        raise _unreadable(shard, problem) from None


def _required(value: Any, name: str, where: str) -> Any:
    """An image's file as bytes, or an instruction."""
    if name == "edit_prompt":
        if not isinstance(value, str):
            raise UsageError(f"{where}: edit_prompt is {value!r}, no text; take the row out")
        return value
    encoded = value.get("bytes") if isinstance(value, dict) else value
    if not isinstance(encoded, bytes) or not encoded:
        path = value.get("path") if isinstance(value, dict) else value
        what = "empty" if not path else f"{path!r:.60}"
        raise UsageError(f"{where}: {name} is {what}, and has to be the bytes of an image's file; take the row out")
    return encoded


def _unreadable(shard: Path, problem: Exception) -> UsageError:
    return UsageError(f"{shard} cannot be read ({in_short(problem)}); make it again, or delete it")


def _row(pair: Pair) -> dict[str, object]:
    row: dict[str, object] = dict(vars(pair))
    for name in ("original_image", "edited_image"):
        row[name] = {"bytes": row[name], "path": None}
    return row
