"""Commands that are no batch run find and read photos as `ip2p edit` does."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from ip2p_cli.api import UsageError, find_photos, read_photo


def test_photos_come_by_name_and_hidden_files_and_other_files_do_not(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("c.png", "a.JPG", ".hidden.png", "notes.txt", "b/d.webp"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in find_photos(tmp_path)] == ["a.JPG", "c.png"]
    assert [path.name for path in find_photos(tmp_path, recurse=True)] == ["a.JPG", "c.png", "d.webp"]


def test_no_folder_and_no_photos_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere is not a folder"):
        find_photos(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="holds no photos"):
        find_photos(tmp_path)


def test_a_photo_is_read_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    Image.new("RGB", (40, 20), "red").save(tmp_path / "turned.jpg", exif=exif)
    assert read_photo(tmp_path / "turned.jpg").size == (20, 40)


def test_a_deep_photo_is_read_by_scale_not_cut_off(tmp_path: Path) -> None:
    Image.new("I;16", (8, 8), 32768).save(tmp_path / "deep.png")
    assert read_photo(tmp_path / "deep.png").getpixel((0, 0)) == (128, 128, 128)


@pytest.mark.parametrize("data", [None, b"", b"no image"])
def test_what_cannot_be_read_is_named(tmp_path: Path, data: bytes | None) -> None:
    path = tmp_path / "a.png"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(UsageError, match=r"a\.png cannot be read as a photo: "):
        read_photo(path)
