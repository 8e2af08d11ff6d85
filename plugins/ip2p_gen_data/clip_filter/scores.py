"""The four similarities of each candidate, kept on disk: filtering again costs neither drawing nor scoring."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from ..candidates import KEYS, read_facts, read_rows
from ..intermediate import stage_folder, write_table
from .rules import SCORES, Scored

if TYPE_CHECKING:
    import pyarrow as pa

    from .model import ClipModel

STAGE = "scores"
COLUMNS = (*KEYS, "original_prompt", "edited_prompt", "original_image", "edited_image")
Similarities = tuple[float, ...]  # as in SCORES
Model = Callable[[], "ClipModel"]


def similarities(model: ClipModel, rows: Sequence[dict[str, Any]]) -> list[Similarities]:
    """(clip_sim_0, clip_sim_1, clip_sim_dir, clip_sim_image) of each row, all cosines.

    The direction is cos(image1 - image0, text1 - text0) on unit vectors (Gal et al. 2022, arXiv 2108.00946); it is 0
    where nothing changed. NaN for rows without pictures.
    """
    drawn = [row["original_image"] is not None and row["edited_image"] is not None for row in rows]
    found = iter(_cosines(model, [row for row, there in zip(rows, drawn, strict=True) if there]))
    return [next(found) if there else (math.nan,) * 4 for there in drawn]


def _cosines(model: ClipModel, rows: Sequence[dict[str, Any]]) -> Sequence[Similarities]:
    from torch.nn.functional import cosine_similarity as cosine

    if not rows:
        return []
    image0, image1 = (model.images([_open(row[name]) for row in rows]) for name in COLUMNS[4:])  # (n, d)
    text0, text1 = (model.texts([row[name] for row in rows]) for name in COLUMNS[2:4])
    columns = (
        cosine(image0, text0),
        cosine(image1, text1),
        cosine(image1 - image0, text1 - text0),
        cosine(image0, image1),
    )
    return list(zip(*(column.tolist() for column in columns), strict=True))


def score_shards(
    output: Path, shards: Sequence[Path], name: str, model: Model, batch_size: int = 32
) -> Iterator[tuple[int, int]]:
    """Score every shard of candidates that has no scores of the model called `name`; tells (done, all) after each.

    `model` is asked only if there is something to score.
    """
    loaded = None
    for done, shard in enumerate(shards, 1):
        path = score_file(output, name, shard)
        if not _belongs(path, shard):
            loaded = loaded or model()
            write_table(path, _score(loaded, shard, batch_size))
        yield done, len(shards)


def score_file(output: Path, name: str, shard: Path) -> Path:
    """Where the scores of one shard by one model are."""
    return stage_folder(output, STAGE) / name / shard.name.replace("candidates", "scores")


def read_scores(path: Path) -> list[Scored]:
    """The scores of one shard, in the order of its candidates."""
    import pyarrow.parquet as pq

    return [Scored(**row) for row in pq.read_table(path).to_pylist()]


def _score(model: ClipModel, shard: Path, batch_size: int) -> pa.Table:
    import pyarrow as pa

    rows = []
    for batch in read_rows(shard, COLUMNS, batch_size):
        for row, values in zip(batch, similarities(model, batch), strict=True):
            rows.append({**{key: row[key] for key in KEYS}, **dict(zip(SCORES, values, strict=True))})
    schema = pa.schema([(key, "int64") for key in KEYS] + [(score, "float32") for score in SCORES])
    return pa.Table.from_pylist(rows, schema=schema)


def _belongs(path: Path, shard: Path) -> bool:
    """Whether these are scores of these candidates: somebody may have drawn a shard anew."""
    import pyarrow.parquet as pq

    if not path.exists() or path.stat().st_mtime_ns < shard.stat().st_mtime_ns:
        return False
    return bool(pq.read_table(path, columns=list(KEYS)).equals(read_facts(shard).select(KEYS)))


def _open(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")
