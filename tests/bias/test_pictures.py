"""Which pictures belong together, and what a broken one costs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ip2p_bias.pictures import PORTION, Pictures, edit_photos, read_folders
from ip2p_cli.api import EditRequest, EditResult, ItemError
from ip2p_cli.images import decode
from tests.bias.planted import BLUE, GREY, RED, PlantedEditor, Rates, square


def save(folder: Path, **colours: tuple[int, int, int]) -> Path:
    """Plain pictures; a_png is a.png."""
    folder.mkdir(parents=True)
    for name, colour in colours.items():
        square(colour).save(folder / name.replace("_", "."), lossless=True)
    return folder


def colour(picture: Image.Image | Exception | None) -> object:
    return picture.getpixel((4, 4)) if isinstance(picture, Image.Image) else None


def test_the_edit_of_a_photo_is_never_that_of_another_photo_of_its_stem(tmp_path: Path) -> None:
    """The edit of a.png was blocked: what is there is the edit of a.webp."""
    photos = save(tmp_path / "photos", a_png=RED, a_webp=BLUE, b_png=RED)
    edited = save(tmp_path / "edited", a_webp=GREY, b_webp=BLUE)
    for asked in (["a.png", "a.webp", "b.png"], ["a.png"]):  # a limit leaves photos out, and makes no name sole
        found = {one.photo: one for one in read_folders([photos / name for name in asked], [edited], edited)}
        for picture in (*found["a.png"].edits, found["a.png"].null):
            assert isinstance(picture, ItemError)
    found = {one.photo: one for one in read_folders(sorted(photos.iterdir()), [edited], None)}
    assert colour(found["a.webp"].edits[0]) == GREY
    assert colour(found["b.png"].edits[0]) == BLUE  # another format, and no other photo's


def only_of(photos: Path, edited: Path) -> Pictures:
    [found] = read_folders(sorted(photos.iterdir()), [edited], None)
    return found


def test_a_file_that_the_decoder_chokes_on_costs_itself_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compressed text of 5 MB is too much for Pillow's reader of PNG, and no OSError."""
    photos, edited = save(tmp_path / "photos", a_png=RED), save(tmp_path / "edited", a_png=BLUE)
    text = PngInfo()
    text.add_text("Comment", "x" * 5_000_000, zip=True)
    square(RED).save(edited / "a.png", pnginfo=text)
    found = only_of(photos, edited)
    assert colour(found.before) == RED
    assert isinstance(found.edits[0], ItemError) and "edited/a.png cannot be read" in str(found.edits[0])
    monkeypatch.setattr("ip2p_cli.images.decode", lambda data, **_: decode(data, max_megapixels=0))
    assert "cannot be read" in str(only_of(photos, edited).before)


def test_a_picture_is_read_as_the_editor_reads_it(tmp_path: Path) -> None:
    """Sixteen bits of grey are half as bright as white, not clipped to it."""
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.fromarray(np.full((8, 8), 32768, np.uint16)).save(photos / "a.png")
    assert colour(only_of(photos, photos).before) in {(127,) * 3, (128,) * 3}


def test_many_instructions_of_one_photo_are_asked_in_portions(tmp_path: Path) -> None:
    texts = tuple(f"make it {number}" for number in range(70))
    asked: list[int] = []

    class Counting(PlantedEditor):
        def edit_each(self, requests: Sequence[EditRequest], *, full_resolution: bool = True) -> list[EditResult]:
            asked.append(len(requests))
            return super().edit_each(requests, full_resolution=full_resolution)

    turns: dict[str, Rates] = {text: {RED: 1.0} if text == texts[50] else {} for text in ("same", *texts)}
    photos = sorted(save(tmp_path / "photos", a_png=RED, b_png=BLUE).iterdir())
    first, second = edit_photos(Counting(turns), photos, texts, "same", {"seed": 0})
    assert max(asked) <= PORTION and sum(asked) == 2 * 71
    assert [colour(edit) for edit in first.edits] == [BLUE if place == 50 else RED for place in range(70)]
    assert {colour(edit) for edit in (second.null, *second.edits)} == {BLUE}
