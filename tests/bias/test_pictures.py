"""Which pictures belong together, and what a broken one costs."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ip2p_bias import pictures
from ip2p_bias.observing import observe
from ip2p_bias.pictures import PORTION, Pictures, edit_photos, read_folders
from ip2p_cli.api import EditRequest, EditResult, Ip2pError, ItemError
from ip2p_cli.images import decode
from tests.bias.planted import BLUE, GREY, RED, PlantedEditor, Rates, colour_of, make_photos, noise, square


def save(folder: Path, **colours: tuple[int, int, int]) -> Path:
    """Plain pictures; a_png is a.png."""
    folder.mkdir(parents=True)
    for name, colour in colours.items():
        square(colour).save(folder / name.replace("_", "."), lossless=True)
    return folder


def colour(picture: Image.Image | Exception | None) -> object:
    return picture.getpixel((4, 4)) if isinstance(picture, Image.Image) else None


def edits_of(pictures: Iterable[Pictures]) -> dict[str, list[Image.Image | Ip2pError]]:
    return {one.photo: list(one.edits) for one in pictures}


def test_the_edit_of_a_photo_is_never_that_of_another_photo_of_its_stem(tmp_path: Path) -> None:
    """The edit of a.png was blocked: what is there is the edit of a.webp."""
    photos = save(tmp_path / "photos", a_png=RED, a_webp=BLUE, b_png=RED)
    edited = save(tmp_path / "edited", a_webp=GREY, b_webp=BLUE)
    for asked in (["a.png", "a.webp", "b.png"], ["a.png"]):  # a limit leaves photos out, and makes no name sole
        found = edits_of(read_folders([photos / name for name in asked], [edited], edited))
        assert len(found["a.png"]) == 2
        assert all(isinstance(picture, ItemError) for picture in found["a.png"])
    found = edits_of(read_folders(sorted(photos.iterdir()), [edited], None))
    assert [colour(edit) for edit in found["a.webp"]] == [GREY]
    assert [colour(edit) for edit in found["b.png"]] == [BLUE]  # another format, and no other photo's


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
    [edit] = found.edits
    assert isinstance(edit, ItemError) and "edited/a.png cannot be read" in str(edit)
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
    first, second = edits_of(edit_photos(Counting(turns), photos, texts, "same", {"seed": 0})).values()
    assert max(asked) <= PORTION and sum(asked) == 2 * 71
    assert [colour(edit) for edit in first[1:]] == [BLUE if place == 50 else RED for place in range(70)]
    assert {colour(edit) for edit in second} == {BLUE}


def test_pictures_that_nobody_asks_for_are_not_the_next_photos(tmp_path: Path) -> None:
    photos = sorted(save(tmp_path / "photos", a_png=RED, b_png=BLUE).iterdir())
    made = edit_photos(PlantedEditor({"same": {}, "turn": {RED: 1.0}}), photos, ("turn",), "same", {"seed": 0})
    next(made)
    assert [colour(edit) for edit in next(made).edits] == [BLUE, BLUE]


@pytest.mark.parametrize(("instructions", "held"), [(1, 5), (40, 5)])
def test_no_more_pictures_are_held_than_are_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, instructions: int, held: int
) -> None:
    """Of photos of 64 pixels and room for 200: three edits at once beside a photo, and the one that is looked at."""
    monkeypatch.setattr(pictures, "PIXELS", 200)
    texts = tuple(map(str, range(instructions)))
    every: list[weakref.ref[Image.Image]] = []
    alive: list[int] = []

    def count(image: Image.Image) -> Image.Image:
        every.append(weakref.ref(image))
        alive.append(sum(one() is not None for one in every))
        return image

    class Watched(PlantedEditor):
        def _edit(self, request: EditRequest) -> Image.Image:
            return count(super()._edit(request))

    opened = pictures._open
    monkeypatch.setattr(pictures, "_open", lambda path: count(opened(path)))
    photos = make_photos(tmp_path / "photos", red=8, blue=0)
    made = edit_photos(Watched(dict.fromkeys(("same", *texts), noise(0))), photos, texts, "same", {"seed": 0})
    seen = observe(made, len(photos), colour_of, 0.5, texts, has_null=True)
    assert [len(one.edits) for one in seen.photos] == [instructions] * 8
    assert max(alive) <= held
