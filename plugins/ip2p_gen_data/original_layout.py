"""The layout of the paper's released data: one folder a caption pair, JPEG files named by seed, JSON beside them.

    seeds.json                [["0000000", ["12", "34"]], …]
    0000000/prompt.json       {"input": …, "edit": …, "output": …}
    0000000/metadata.jsonl    {"seed": 12, "p2p_threshold": …, "cfg_scale": …, "clip_sim_0": …, …}
    0000000/12_0.jpg          before; 12_1.jpg after

import(export(x)) = x, bytes of pictures and order of rows included, for datasets whose pictures are JPEG files. Others
are encoded anew (quality 100, no chroma subsampling), which loses a little: `export_layout` says how many.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ip2p_cli.api import COLUMNS, Pair, UsageError, encode_image, read_pairs, writing

from .intermediate import write_bytes, write_json
from .prompts import caption_of
from .publish import publish

SEEDS, PROMPT, METADATA = "seeds.json", "prompt.json", "metadata.jsonl"
JPEG = b"\xff\xd8\xff"
SUFFIXES = (".jpg", ".png")
PROMPTS = ("original_prompt", "edit_prompt", "edited_prompt")
IMAGES = ("original_image", "edited_image")
# What the original's metadata has, and what this project adds: a reader of the original ignores it.
FACTS = tuple(name for name in COLUMNS if name not in (*PROMPTS, *IMAGES))


@dataclass(frozen=True)
class Exported:
    """What was written."""

    folders: int
    pairs: int
    encoded_anew: int  # pictures that were no JPEG files


def is_layout(folder: Path) -> bool:
    """Whether a folder is in this layout."""
    return (folder / SEEDS).exists() or next(folder.glob(f"*/{PROMPT}"), None) is not None


def export_layout(data: Path, folder: Path) -> Exported:
    """Write a dataset in the original layout into a new or empty folder. seeds.json comes last: with it, it is whole.

    Raises:
        UsageError: there is no dataset, or the folder holds something else.
    """
    if folder.exists() and any(folder.iterdir()) and not is_layout(folder):
        raise UsageError(f"{folder} is not empty; choose another -o")
    if (folder / SEEDS).exists():
        raise UsageError(f"{folder} holds a dataset already; choose another -o")
    seeds: list[tuple[str, list[str]]] = []
    anew = 0
    for name, rows in _groups(read_pairs(data, list(COLUMNS))):
        anew += sum(_write_pictures(folder / name, row) for row in rows)
        _write_texts(folder / name, rows)
        seeds.append((name, [str(row["seed"]) for row in rows]))
    write_json(folder / SEEDS, seeds)
    return Exported(len(seeds), sum(len(found) for _, found in seeds), anew)


def read_layout(folder: Path) -> Iterator[Pair]:
    """All pairs that seeds.json names (without it, all that are there), in the order of metadata.jsonl.

    Raises:
        UsageError: something is missing or broken; `ip2p gen-data validate` lists all of it.
    """
    for name, wanted in list_seeds(folder):
        prompt = _json(folder / name / PROMPT)
        facts = read_metadata(folder / name)
        found = [seed for seed in facts if seed in wanted]
        for seed in found + [seed for seed in wanted if seed not in facts]:
            yield _pair(folder / name, prompt, seed, facts.get(seed, {}))


def import_layout(folder: Path, output: Path) -> int:
    """Write a dataset of all pairs of the original layout; returns how many.

    Raises:
        UsageError: the layout is broken, or `output` holds another dataset.
    """
    count = sum(len(seeds) for _, seeds in list_seeds(folder))
    publish(output, read_layout(folder), count, f"gen-data import {folder.resolve().name}")
    return count


def list_seeds(folder: Path) -> list[tuple[str, list[int]]]:
    """(folder, seeds) of each caption pair.

    Raises:
        UsageError: seeds.json is broken, or there are no pairs.
    """
    path = folder / SEEDS
    if path.exists():
        found = _json(path, list)
        try:
            return [(str(name), [int(seed) for seed in seeds]) for name, seeds in found]
        except (TypeError, ValueError):
            raise UsageError(f"{path} is no list of [folder, [seed, …]]; delete it to read what is there") from None
    folders = sorted(prompt.parent for prompt in folder.rglob(PROMPT))
    if not folders:
        raise UsageError(f"{folder} holds no {SEEDS} and no */{PROMPT}; give a dataset in the original layout")
    return [(one.relative_to(folder).as_posix(), seeds_in(one)) for one in folders]


def seeds_in(folder: Path) -> list[int]:
    """Seeds of the pictures in one caption pair's folder."""
    stems = {path.stem[:-2] for path in folder.iterdir() if path.suffix in SUFFIXES and path.stem.endswith("_0")}
    return sorted(int(stem) for stem in stems if stem.lstrip("-").isdigit())


def read_metadata(folder: Path) -> dict[int, Mapping[str, Any]]:
    """Seed -> facts, in order; empty where there is no metadata.jsonl.

    Raises:
        UsageError: a line is broken.
    """
    path = folder / METADATA
    if not path.exists():
        return {}
    found = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        try:
            if line.strip():
                row = json.loads(line)
                found[int(row["seed"])] = row
        except (ValueError, KeyError, TypeError):
            raise UsageError(f"{path}, line {number}: no object with a seed; mend it, or delete the file") from None
    return found


def picture(folder: Path, seed: int, which: int) -> Path | None:
    """The file of one picture, or None."""
    paths = (folder / f"{seed}_{which}{suffix}" for suffix in SUFFIXES)
    return next((path for path in paths if path.exists()), None)


def _groups(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """Runs of rows with the same prompts and no seed twice: the order of rows then survives."""
    group: list[Mapping[str, Any]] = []
    number = 0
    for row in rows:
        same = bool(group) and all(row[name] == group[0][name] for name in PROMPTS)
        if group and not (same and row["seed"] not in [other["seed"] for other in group]):
            yield f"{number:07d}", group
            group, number = [], number + 1
        group.append(row)
    if group:
        yield f"{number:07d}", group


def _write_pictures(folder: Path, row: Mapping[str, Any]) -> int:
    """Returns how many had to be encoded anew."""
    anew = 0
    for which, name in enumerate(IMAGES):
        data = row[name]
        if not data.startswith(JPEG):
            data, anew = _as_jpeg(data), anew + 1
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{row['seed']}_{which}.jpg").write_bytes(data)
    return anew


def _write_texts(folder: Path, rows: list[Mapping[str, Any]]) -> None:
    keys = {"input": "original_prompt", "edit": "edit_prompt", "output": "edited_prompt"}
    write_json(folder / PROMPT, {key: rows[0][column] or "" for key, column in keys.items()})
    facts = ({name: row[name] for name in FACTS if row[name] is not None} for row in rows)
    write_bytes(folder / METADATA, "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in facts).encode())


def _pair(folder: Path, prompt: Mapping[str, Any], seed: int, facts: Mapping[str, Any]) -> Pair:
    files = [picture(folder, seed, which) for which in (0, 1)]
    if None in files:
        raise UsageError(f"{folder} lacks a picture of seed {seed}; see: ip2p gen-data validate {folder.parent}")
    before, after = (file.read_bytes() for file in files if file)
    if not isinstance(prompt.get("edit"), str):
        raise UsageError(f"{folder / PROMPT} has no text `edit`; see: ip2p gen-data validate {folder.parent}")
    known = {"engine": "original", **{name: value for name, value in facts.items() if name in FACTS}, "seed": seed}
    return Pair(
        original_image=before,
        edited_image=after,
        original_prompt=str(caption_of(prompt) or ""),
        edit_prompt=prompt["edit"],
        edited_prompt=str(prompt.get("output") or ""),
        **known,
    )


def _json(path: Path, kind: type = dict) -> Any:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise UsageError(f"{path} cannot be read ({problem}); see: ip2p gen-data validate") from None
    if not isinstance(value, kind):
        raise UsageError(f"{path} holds no JSON {kind.__name__}; see: ip2p gen-data validate")
    return value


def _as_jpeg(data: bytes) -> bytes:
    from PIL import Image

    return encode_image(Image.open(io.BytesIO(data)).convert("RGB"), quality=100)
