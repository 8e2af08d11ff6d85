"""Where the proofs work, and how they start processes."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
MEMORY = Path("/dev/shm")


@pytest.fixture
def fast_path() -> Iterator[Path]:
    """A folder in memory, where there is one: a killed process loses nothing there that it would keep on a disk."""
    folder = Path(tempfile.mkdtemp(prefix="ip2p-proof-", dir=MEMORY if MEMORY.is_dir() else None))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """For processes that run the code of this repository."""
    path = os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "plugins")])
    kept = {name: value for name, value in os.environ.items() if not name.startswith("IP2P_")}
    return {**kept, "PYTHONPATH": path, "XDG_CONFIG_HOME": str(tmp_path)}
