"""What the stages hand to each other, under `DIR/.gen-data/`: written whole or not at all, remade by no one twice.

`datasets.load_dataset(DIR)` and `ip2p train` do not look into folders whose name starts with a dot.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ip2p_cli.api import UsageError, writing

if TYPE_CHECKING:
    import pyarrow as pa

INTERMEDIATE = ".gen-data"
SETTINGS = "settings.json"
_BLOCKS = 16  # of each weight file, for its fingerprint
_BLOCK_BYTES = 4096


def stage_folder(output: Path, stage: str) -> Path:
    """Where a stage keeps its files."""
    return output / INTERMEDIATE / stage


def claim(folder: Path, settings: Mapping[str, Any]) -> None:
    """Make the folder, and remember the settings of the run.

    Raises:
        UsageError: it holds files made with other settings.
    """
    found = read_settings(folder) or settings
    changed = sorted(name for name in {**found, **settings} if found.get(name) != settings.get(name))
    if changed:
        raise UsageError(
            f"{folder} holds files made with other settings ({', '.join(changed)}); "
            "choose another -o, or delete that folder"
        )
    write_json(folder / SETTINGS, settings)


def read_settings(folder: Path) -> dict[str, Any] | None:
    """The settings a folder was made with, or None where there is no such run.

    Raises:
        UsageError: the file is broken.
    """
    path = folder / SETTINGS
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise UsageError(f"{path} cannot be read ({problem}); delete {folder}, and run the stage again") from None
    if not isinstance(found, dict):
        raise UsageError(f"{path} holds no settings; delete {folder}, and run the stage again")
    return found


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file whole or not at all."""
    write_bytes(path, (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode())


def write_table(path: Path, table: pa.Table) -> None:
    """Write a Parquet file whole or not at all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    write_bytes(path, sink.getvalue())


def write_bytes(path: Path, data: Any) -> None:
    """Write beside the target, sync, rename: a process killed at any moment leaves the old file or the new one.

    Raises:
        EnvironmentStop: the disk is full, read-only or failing.
        UsageError: something else is in the way, or permission is missing.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        finally:
            with suppress(OSError):  # there only after a failure
                temporary.unlink()


def fingerprint(model: str) -> str:
    """A name for the weights of a model: scores and pictures of other weights are told apart by it.

    Of a local folder, blocks all over its weight files are read: training changes every one of them, and hashing
    gigabytes at each start would not pay. Of a hub id, the name is all that is known without the network.
    """
    hasher = blake2b(digest_size=5)
    folder = Path(model).expanduser()
    if not folder.is_dir():
        hasher.update(model.encode())
    for path in sorted(folder.rglob("*.safetensors")) if folder.is_dir() else ():
        size = path.stat().st_size
        hasher.update(f"{path.relative_to(folder).as_posix()}/{size}/".encode())
        with path.open("rb") as file:
            for block in range(_BLOCKS):
                file.seek(block * max(0, size - _BLOCK_BYTES) // (_BLOCKS - 1))
                hasher.update(file.read(_BLOCK_BYTES))
    stem = re.sub(r"[^A-Za-z0-9]+", "-", folder.name).strip("-").lower() or "model"
    return f"{stem}-{hasher.hexdigest()}"
