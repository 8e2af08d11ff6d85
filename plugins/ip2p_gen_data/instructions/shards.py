"""The files of the stage, under `DIR/.gen-data/instructions/`: whole or not there, so that a killed run goes on.

`shard-IIIII.jsonl` holds the kept rows of one run of captions, `rejected-IIIII.jsonl` the others with their reasons.
`datasets.load_dataset(DIR)` does not look into folders whose name starts with a dot.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ip2p_cli.api import EnvironmentStop, UsageError

INTERMEDIATE = ".gen-data"  # what the stages hand to each other
Row = Mapping[str, Any]


def stage_folder(output: Path) -> Path:
    """Where this stage keeps its files."""
    return output / INTERMEDIATE / "instructions"


def shard_file(folder: Path, index: int) -> Path:
    """A shard is done when this file is there."""
    return folder / f"shard-{index:05d}.jsonl"


def rejected_file(folder: Path, index: int) -> Path:
    """The rows of a shard that were not kept."""
    return folder / f"rejected-{index:05d}.jsonl"


def claim(folder: Path, settings: Mapping[str, Any]) -> None:
    """Make the folder, and remember the settings of the run.

    Raises:
        UsageError: it holds rows made with other settings.
    """
    path = folder / "settings.json"
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else settings
    changed = sorted(name for name in {**found, **settings} if found.get(name) != settings.get(name))
    if changed:
        raise UsageError(
            f"{folder} holds rows made with other settings ({', '.join(changed)}); "
            "choose another -o, or delete that folder"
        )
    _write(path, json.dumps(settings, indent=1) + "\n")


def write_shard(folder: Path, index: int, kept: Iterable[Row], rejected: Iterable[Row]) -> None:
    """Write both files of a shard; the one that marks it as done last."""
    for path, rows in ((rejected_file(folder, index), rejected), (shard_file(folder, index), kept)):
        _write(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def read_rows(output: Path, *, rejected: bool = False) -> Iterator[dict[str, Any]]:
    """The rows of all finished shards of a dataset folder, in order: what the pairs are made from."""
    folder = stage_folder(output)
    for shard in sorted(folder.glob("shard-*.jsonl")):
        path = shard.with_name(shard.name.replace("shard-", "rejected-")) if rejected else shard
        with path.open(encoding="utf-8") as file:
            yield from map(json.loads, file)


def _write(path: Path, text: str) -> None:
    """By rename, after the bytes have reached the disk."""
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as problem:
        raise EnvironmentStop(
            f"cannot write {path}: {problem.strerror}; make room or choose another -o, and run the same command again"
        ) from None
