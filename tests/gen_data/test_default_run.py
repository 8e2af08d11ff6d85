"""`ip2p gen-data -o data/` with no other choice made: the paper's loop on the models that ship, down to an editor.

IP2P_CAPTIONS=150 is what the command does by default, and takes eight minutes on two cores.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ip2p_cli.api import REQUIRED
from ip2p_gen_data.world.shipped import are_shipped

CAPTIONS = int(os.environ.get("IP2P_CAPTIONS", "30"))


def ip2p(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ip2p_cli", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done


@pytest.mark.slow
@pytest.mark.skipif(not are_shipped(), reason="the world's models are not in this installation")
def test_one_command_makes_pairs_that_an_editor_is_trained_on(tmp_path: Path) -> None:
    import datasets

    ip2p("gen-data", "-o", "data", "--limit", str(CAPTIONS), folder=tmp_path)
    rows = datasets.load_dataset(str(tmp_path / "data"), split="train", cache_dir=str(tmp_path / "cache"))
    assert len(rows) >= CAPTIONS, "more than one pair is kept of a caption, in the mean"
    assert set(REQUIRED) <= set(rows.column_names)
    assert rows[0]["original_image"].size == rows[0]["edited_image"].size == (64, 64)
    ip2p("gen-data", "validate", "data", folder=tmp_path)
    ip2p("train", "data", "-o", "model", "--max-steps", "2", folder=tmp_path)
    rows[0]["original_image"].save(tmp_path / "photo.png")
    ip2p("edit", "photo.png", "-i", rows[0]["edit_prompt"], "--model", "model", "--steps", "2", folder=tmp_path)
    assert (tmp_path / "edited" / "photo.png").exists()
