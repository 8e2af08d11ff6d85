"""`gen-data` makes the dataset that was asked for, once, and goes on where it stopped."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ip2p_cli.api import UsageError, read_pairs
from ip2p_gen_data.compose.engine import ComposeConfig, ComposeEngine
from ip2p_gen_data.generate import generate

CONFIG = ComposeConfig(size=64, seed=5)


def make(folder: Path, photos: list[Path], config: ComposeConfig = CONFIG) -> None:
    generate(folder, ComposeEngine(tuple(photos), (), config), pairs=10, pairs_per_shard=4, workers=1)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    noise = np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8)
    Image.fromarray(noise).resize((240, 180)).save(path)
    return path


def test_pairs_have_pictures_of_the_asked_size_and_an_instruction(tmp_path: Path, photo: Path) -> None:
    make(tmp_path / "data", [photo])
    rows = list(read_pairs(tmp_path / "data"))
    assert len(rows) == 10
    for row in rows:
        before, after = (Image.open(io.BytesIO(row[name])) for name in ("original_image", "edited_image"))
        assert before.size == after.size == (64, 64)
        assert row["edit_prompt"] and row["family"]
        assert np.asarray(before, int).tolist() != np.asarray(after, int).tolist()


def test_a_lost_shard_is_made_again_to_the_byte_and_the_others_are_left(tmp_path: Path, photo: Path) -> None:
    data = tmp_path / "data"
    make(data, [photo])
    shards = sorted(data.glob("*.parquet"))
    kept, lost = shards[0].stat().st_mtime_ns, shards[1].read_bytes()
    shards[1].unlink()
    make(data, [photo])
    assert sorted(data.glob("*.parquet")) == shards
    assert shards[0].stat().st_mtime_ns == kept
    assert shards[1].read_bytes() == lost


def test_other_settings_in_one_folder_are_refused(tmp_path: Path) -> None:
    make(tmp_path / "data", [])
    with pytest.raises(UsageError, match="other settings"):
        make(tmp_path / "data", [], ComposeConfig(size=64, seed=6))


def test_a_folder_without_a_dataset_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no dataset"):
        list(read_pairs(tmp_path))
