"""What is wrong with a dataset: all of it, in one list, for Parquet shards and for the original layout."""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ip2p_cli.api import COLUMNS, REQUIRED, UsageError, shards_of

from .original_layout import IMAGES, PROMPT, PROMPTS, SEEDS, is_layout, list_seeds, picture, read_metadata, seeds_in
from .prompts import CAPTION_KEYS, caption_of

_SHARD = re.compile(r"data-(\d{5})-of-(\d{5})\.parquet")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and where."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def find_problems(folder: Path) -> Iterator[Problem]:
    """Everything that is wrong with a dataset of either kind; nothing for a sound one."""
    if is_layout(folder):
        yield from _layout(folder)
    else:
        yield from _parquet(folder)


def _parquet(folder: Path) -> Iterator[Problem]:
    shards = shards_of(folder)
    if not shards:
        yield Problem(str(folder), f"no *.parquet and no {SEEDS}: no dataset")
    yield from _missing_shards(shards)
    seen: set[tuple[Any, ...]] = set()
    for shard in shards:
        try:
            yield from _shard(shard, shard.relative_to(folder).as_posix(), seen)
        except Exception as problem:  # whatever a broken file makes the reader raise
            yield Problem(shard.name, f"cannot be read ({(str(problem).splitlines() or [''])[0]})")


def _missing_shards(shards: list[Path]) -> Iterator[Problem]:
    numbered = [match for shard in shards if (match := _SHARD.fullmatch(shard.name))]
    totals = {int(match[2]) for match in numbered}
    if len(totals) > 1:
        yield Problem("shards", f"of datasets of different lengths: {', '.join(map(str, sorted(totals)))}")
        return
    there = {int(match[1]) for match in numbered}
    for total in totals:
        for index in sorted(set(range(total)) - there):
            yield Problem(f"data-{index:05d}-of-{total:05d}.parquet", "missing")


def _shard(shard: Path, name: str, seen: set[tuple[Any, ...]]) -> Iterator[Problem]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(shard) as file:
        names = file.schema_arrow.names
        lacking = [column for column in REQUIRED if column not in names]
        yield from (Problem(name, f"no column {column}") for column in lacking)
        if lacking:
            return
        if not file.metadata.num_rows:
            yield Problem(name, "no rows")
        number = 0
        for batch in file.iter_batches(32, columns=[column for column in COLUMNS if column in names]):
            for row in batch.to_pylist():
                yield from (Problem(f"{name}, row {number}", what) for what in _row(row, seen))
                number += 1


def _row(row: Mapping[str, Any], seen: set[tuple[Any, ...]]) -> Iterator[str]:
    if not isinstance(row["edit_prompt"], str) or not row["edit_prompt"].strip():
        yield "edit_prompt is empty"
    pictures = [(row[name] or {}).get("bytes") if isinstance(row[name], dict) else row[name] for name in IMAGES]
    yield from _pictures(IMAGES, pictures)
    yield from _scores(row)
    key = (*(row.get(name) for name in (*PROMPTS, "seed")), *pictures)
    if hash(key) in seen:
        yield "the same as an earlier row"
    seen.add(hash(key))  # type: ignore[arg-type]


def _pictures(names: Sequence[str], pictures: Sequence[bytes | None]) -> Iterator[str]:
    sizes = []
    for name, data in zip(names, pictures, strict=True):
        if not data:
            yield f"{name} is missing"
            continue
        try:
            sizes.append(_size(data))
        except Exception as problem:  # decoders raise errors of many kinds
            yield f"{name} cannot be decoded ({(str(problem).splitlines() or [''])[0]})"
    if len(set(sizes)) > 1:
        yield f"pictures differ in size: {' and '.join(f'{w} × {h}' for w, h in sizes)}"


def _size(data: bytes) -> tuple[int, int]:
    from PIL import Image

    with Image.open(io.BytesIO(data)) as opened:
        opened.load()
        return opened.size


def _scores(row: Mapping[str, Any]) -> Iterator[str]:
    for name, value in row.items():
        if isinstance(value, float) and not math.isfinite(value):
            yield f"{name} is {value}"
        elif name.startswith("clip_sim") and value is not None and abs(value) > 1.001:
            yield f"{name} is {value:g}, which no cosine is"


def _layout(folder: Path) -> Iterator[Problem]:
    try:
        listed = list_seeds(folder)
    except UsageError as problem:
        yield Problem(SEEDS, str(problem))
        return
    if not (folder / SEEDS).exists():
        yield Problem(SEEDS, "missing: training code of the original layout reads it first")
    if not listed:
        yield Problem(SEEDS, "names no pairs")
    for name, seeds in listed:
        if not (folder / name).is_dir():
            yield Problem(name, f"named in {SEEDS}, but not there")
            continue
        yield from (Problem(f"{name}/{PROMPT}", what) for what in _prompt(folder / name / PROMPT))
        yield from _layout_pictures(folder / name, name, seeds)


def _prompt(path: Path) -> Iterator[str]:
    try:
        row = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        yield f"cannot be read ({problem})"
        return
    if not isinstance(row, dict):
        yield "no JSON object"
        return
    for key in ("edit", "output"):
        if not isinstance(row.get(key), str) or (key == "edit" and not row[key].strip()):
            yield f"no text {key!r}"
    if not isinstance(caption_of(row), str):
        yield f"no text {' or '.join(map(repr, CAPTION_KEYS))}"


def _layout_pictures(folder: Path, name: str, seeds: list[int]) -> Iterator[Problem]:
    try:
        facts = read_metadata(folder)
    except UsageError as problem:
        yield Problem(name, str(problem))
        facts = {}
    if not seeds:
        yield Problem(name, "no seeds")
    for seed in sorted({seed for seed in seeds if seeds.count(seed) > 1}):
        yield Problem(f"{name}, seed {seed}", f"named twice in {SEEDS}")
    for seed in seeds:
        files = [picture(folder, seed, which) for which in (0, 1)]
        data = [file.read_bytes() if file else None for file in files]
        what = [*_pictures([f"{seed}_0.jpg", f"{seed}_1.jpg"], data), *_scores(facts.get(seed, {}))]
        yield from (Problem(f"{name}, seed {seed}", one) for one in what)
    for seed in facts:
        if seed not in seeds and seed in seeds_in(folder):
            yield Problem(f"{name}, seed {seed}", f"has pictures and metadata, but {SEEDS} does not name it")
