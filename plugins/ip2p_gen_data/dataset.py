"""The dataset on disk: Parquet shards with the columns of `timbrooks/instructpix2pix-clip-filtered` and provenance."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

_IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
SCHEMA = pa.schema(
    [
        ("original_prompt", pa.string()),
        ("original_image", _IMAGE),
        ("edit_prompt", pa.string()),
        ("edited_prompt", pa.string()),
        ("edited_image", _IMAGE),
        ("engine", pa.string()),
        ("family", pa.string()),
        ("seed", pa.int64()),
        ("p2p_threshold", pa.float32()),
        ("cfg_scale", pa.float32()),
        ("clip_sim_0", pa.float32()),
        ("clip_sim_1", pa.float32()),
        ("clip_sim_dir", pa.float32()),
        ("clip_sim_image", pa.float32()),
    ]
).with_metadata(
    {  # lets datasets.load_dataset decode the two image columns
        b"huggingface": json.dumps(
            {"info": {"features": {name: {"_type": "Image"} for name in ("original_image", "edited_image")}}}
        ).encode()
    }
)
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


def encode(image: Image.Image, quality: int = 92) -> bytes:
    """JPEG without chroma subsampling: colour is what these pairs teach."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, subsampling=0)
    return buffer.getvalue()


def write_shard(folder: Path, index: int, count: int, pairs: Iterable[Pair]) -> Path:
    """Write `data-IIIII-of-NNNNN.parquet` by rename: a shard is there whole or not at all."""
    rows = [_row(pair) for pair in pairs]
    path = shard_path(folder, index, count)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), temporary)
    os.replace(temporary, path)
    return path


def shard_path(folder: Path, index: int, count: int) -> Path:
    return folder / f"data-{index:05d}-of-{count:05d}.parquet"


def read_pairs(folder: Path) -> Iterator[Mapping[str, object]]:
    """Rows of all shards, in name order; image columns come as encoded bytes.

    Raises:
        FileNotFoundError: no Parquet shard in `folder`.
        KeyError: a required column is missing.
    """
    shards = sorted(folder.rglob("*.parquet"))
    if not shards:
        raise FileNotFoundError(f"{folder} holds no Parquet shards; make some: ip2p gen-data -o {folder}")
    for shard in shards:
        with pq.ParquetFile(shard) as file:
            missing = [name for name in REQUIRED if name not in file.schema_arrow.names]
            if missing:
                raise KeyError(f"{shard} has no column {missing[0]}; it has {', '.join(file.schema_arrow.names)}")
            wanted = [n for n in (*REQUIRED, "family", "seed") if n in file.schema_arrow.names]
            for batch in file.iter_batches(64, columns=wanted):
                for row in batch.to_pylist():
                    for name in ("original_image", "edited_image"):
                        row[name] = row[name]["bytes"]
                    yield row


def _row(pair: Pair) -> dict[str, object]:
    row: dict[str, object] = dict(vars(pair))
    for name in ("original_image", "edited_image"):
        row[name] = {"bytes": row[name], "path": None}
    return row
