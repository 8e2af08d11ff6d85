"""Reading a dataset that is not as it should be: the file, the row and the way out are named."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from ip2p_cli.api import UsageError, count_pairs, read_pairs
from ip2p_cli.dataset import encode_image

PICTURE = encode_image(Image.effect_noise((64, 64), 80).convert("RGB"))


def write(folder: Path, *changes: dict[str, Any]) -> Path:
    """A shard of sound rows, each with some changes."""
    row = {"original_image": {"bytes": PICTURE, "path": None}, "edit_prompt": "make it night"}
    row["edited_image"] = row["original_image"]
    pq.write_table(pa.Table.from_pylist([row | change for change in changes]), folder / "a.parquet")
    return folder


def test_sound_rows_are_read_also_where_pictures_are_bytes_alone(tmp_path: Path) -> None:
    for change in ({}, {"original_image": PICTURE, "edited_image": PICTURE}):
        write(tmp_path, change, change)
        assert count_pairs(tmp_path) == 2
        for row in read_pairs(tmp_path):
            assert row == {"original_image": PICTURE, "edit_prompt": "make it night", "edited_image": PICTURE}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"original_image": None}, "original_image is empty, and has to be the bytes of an image's file"),
        ({"edited_image": {"bytes": None, "path": "b.jpg"}}, "edited_image is 'b.jpg', and has"),
        ({"edited_image": {"bytes": b"", "path": None}}, "edited_image is empty"),
        ({"edit_prompt": None}, "edit_prompt is None, no text"),
    ],
)
def test_a_row_that_lacks_something_is_named(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    write(tmp_path, {}, change, {})
    with pytest.raises(UsageError, match=rf"a\.parquet, row 1: {said}.*; take the row out"):
        list(read_pairs(tmp_path))


def test_a_column_of_paths_is_named(tmp_path: Path) -> None:
    write(tmp_path, {"original_image": "photos/a.jpg"})
    with pytest.raises(UsageError, match=r"row 0: original_image is 'photos/a\.jpg', and has to be the bytes"):
        list(read_pairs(tmp_path))


def test_instructions_that_are_numbers_are_named(tmp_path: Path) -> None:
    write(tmp_path, {"edit_prompt": 3})
    with pytest.raises(UsageError, match="row 0: edit_prompt is 3, no text"):
        list(read_pairs(tmp_path))


def test_a_shard_that_is_torn_in_the_middle_is_named(tmp_path: Path) -> None:
    shard = write(tmp_path, *[{}] * 9) / "a.parquet"
    torn = bytearray(shard.read_bytes())
    torn[100:400] = bytes(300)  # its end, where the columns are listed, is whole
    shard.write_bytes(torn)
    assert count_pairs(tmp_path) == 9
    with pytest.raises(UsageError, match=r"a\.parquet cannot be read \(.*\); make it again"):
        list(read_pairs(tmp_path))


def test_only_what_is_asked_for_has_to_be_sound(tmp_path: Path) -> None:
    write(tmp_path, {"original_image": None})
    assert [row["edit_prompt"] for row in read_pairs(tmp_path, ["edit_prompt"])] == ["make it night"]
    assert Image.open(io.BytesIO(next(read_pairs(tmp_path, ["edited_image"]))["edited_image"])).size == (64, 64)
