"""Pairs from a user's own material: cut-outs with names, and photos before and after an edit."""

from __future__ import annotations

import io
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ip2p_cli.api import UsageError, read_pairs
from ip2p_gen_data.compose.cutout_edits import cutout_pairs, recoloured
from ip2p_gen_data.compose.cutouts import find_cutouts, name_of
from ip2p_gen_data.compose.own_pairs import wording
from tests.commands.conftest import CommandLine


def picture(path: Path, size: tuple[int, int] = (96, 80), seed: int = 0) -> Image.Image:
    noise = np.random.default_rng(seed).integers(40, 200, (6, 8, 3), np.uint8)
    image = Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
    return image


@pytest.fixture
def cutouts(tmp_path: Path) -> Path:
    folder = tmp_path / "cutouts"
    folder.mkdir()
    disc = np.zeros((20, 20, 4), np.uint8)
    disc[4:16, 4:16] = (255, 0, 255, 255)
    Image.fromarray(disc).save(folder / "magenta_box-2.png")
    return folder


def loaded(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), int)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("red_car-2.png", "red car"),
        ("Éclair.webp", "éclair"),
        ("7.png", "thing"),
        ("a  b.tif", "a b"),
        ("cementMixer.png", "cement mixer"),
        ("tugboat_mirror.png", "tugboat"),
    ],
)
def test_a_cutout_is_called_after_its_file(file: str, name: str) -> None:
    assert name_of(Path(file)) == name


@pytest.mark.parametrize(
    ("description", "name"),
    [
        ("A Teddy bear.\nde.utf8=Ein Teddy.", "teddy bear"),
        ("The yellow light means you should stop.", "car"),
        ("Two wild boars.", "car"),
        ("", "car"),
    ],
)
def test_a_short_description_beside_it_is_its_name(tmp_path: Path, description: str, name: str) -> None:
    (tmp_path / "car.txt").write_text(description, encoding="utf-8")
    assert name_of(tmp_path / "car.png") == name


def test_a_cutout_changes_the_photo_where_it_stands_and_nowhere_else(tmp_path: Path, cutouts: Path) -> None:
    photo = picture(tmp_path / "photo.png")
    added, removed = cutout_pairs(photo, find_cutouts(cutouts)[0], np.random.default_rng(1), random.Random(1))
    assert added.before == photo == removed.after
    for pair in (added, removed):
        changed = np.asarray(pair.after, int) != np.asarray(pair.before, int)
        assert 0.02 < changed.any(-1).mean() < 0.5
        rows, columns = np.nonzero(changed.any(-1))
        assert changed[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].any(-1).all()  # a box, whole
    assert "magenta box" in added.instruction
    assert "the magenta box" in removed.instruction


def test_what_an_edit_adds_is_the_same_every_time(tmp_path: Path, cutouts: Path) -> None:
    photo = picture(tmp_path / "photo.png")
    found = find_cutouts(cutouts)[0]
    pairs = [list(cutout_pairs(photo, found, np.random.default_rng(seed), random.Random(1))) for seed in (1, 2)]
    assert pairs[0][0].after == pairs[1][0].after
    assert pairs[0][1].before != pairs[1][1].before  # what is there before may stand anywhere


def test_a_cutout_whose_name_has_a_colour_gets_another(tmp_path: Path) -> None:
    disc = np.zeros((20, 20, 4), np.uint8)
    disc[4:16, 4:10] = (220, 25, 30, 255)
    disc[4:16, 10:16] = (120, 120, 120, 255)
    Image.fromarray(disc).save(tmp_path / "red_car.png")
    photo = picture(tmp_path / "photos" / "photo.png")
    pairs = list(cutout_pairs(photo, find_cutouts(tmp_path)[0][:1], np.random.default_rng(0), random.Random(0)))
    assert [pair.family for pair in pairs] == ["add", "remove", "recolour"]
    assert "car" in pairs[2].instruction
    blue = np.asarray(recoloured(Image.fromarray(disc), "red", "blue"), int)
    assert (blue[4:16, 4:10, 2] > 2 * blue[4:16, 4:10, 0]).all()  # what was red is blue
    assert np.array_equal(blue[4:16, 10:16], disc[4:16, 10:16])  # the rest stays
    assert np.array_equal(blue[..., 3], disc[..., 3])


def test_two_cutouts_stand_side_by_side(tmp_path: Path, cutouts: Path) -> None:
    Image.open(cutouts / "magenta_box-2.png").save(cutouts / "owl.png")
    photo = picture(tmp_path / "photo.png")
    texts = [
        next(
            cutout_pairs(photo, find_cutouts(cutouts)[0], np.random.default_rng(seed), random.Random(seed))
        ).instruction
        for seed in range(40)
    ]
    both = [text for text in texts if "owl" in text and "magenta box" in text]
    assert 2 <= len(both) <= 20
    assert any("an owl" in text for text in texts)


def test_gen_data_adds_and_removes_cutouts(ip2p: CommandLine, tmp_path: Path, cutouts: Path) -> None:
    picture(tmp_path / "photos" / "one.png")
    Image.new("RGB", (8, 8), "red").save(cutouts / "opaque.png")
    arguments = ["gen-data", "--photos", "photos", "--cutouts", "cutouts", "-n", "60", "--size", "64", "--workers", "1"]
    answer = ip2p(*arguments, "-o", "data")
    assert answer.code == 0, answer.err
    assert "1 pictures have no transparent part and are left out" in answer.err
    rows = {row["family"]: row for row in reversed(list(read_pairs(tmp_path / "data")))}  # the first of each
    added, removed = rows["add"], rows["remove"]
    assert added["original_image"] == removed["edited_image"]
    assert "magenta box" in added["edit_prompt"]
    assert "magenta box" in removed["edit_prompt"]


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_picture_without_transparency_is_no_cutout(tmp_path: Path, mode: str) -> None:
    Image.new(mode, (8, 8), "red").save(tmp_path / "car.png")
    with pytest.raises(UsageError, match=r"car\.png is no cut-out"):
        find_cutouts(tmp_path)


def test_a_studio_teaches_its_own_look(ip2p: CommandLine, tmp_path: Path) -> None:
    for number in range(3):
        image = picture(tmp_path / "before" / f"{number}.png", seed=number)
        image.point(lambda value: 255 - value).save(tmp_path / "before" / ".." / f"{number}.webp", lossless=True)
    (tmp_path / "after").mkdir()
    for file in tmp_path.glob("*.webp"):
        file.rename(tmp_path / "after" / file.name)
    picture(tmp_path / "before" / "alone.png")
    look = ["-i", "our look", "-i", "in the house style"]
    arguments = ["gen-data", "--from-pairs", "before", "after", *look, "-n", "12", "--size", "64", "--workers", "1"]
    answer = ip2p(*arguments, "-o", "data")
    assert answer.code == 0, answer.err
    assert "1 photos have no partner" in answer.err
    assert "alone.png" in answer.err
    rows = list(read_pairs(tmp_path / "data"))
    assert all(any(name in row["edit_prompt"].lower() for name in ("our look", "the house style")) for row in rows)
    for row in rows:  # the crops are aligned: the sum of a picture and its negative is white all over
        assert np.abs(loaded(row["original_image"]) + loaded(row["edited_image"]) - 255).mean() < 4
    again = ip2p(*arguments, "-o", "again")
    assert again.code == 0
    assert [row["edited_image"] for row in read_pairs(tmp_path / "again")] == [row["edited_image"] for row in rows]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--from-pairs", "before", "after"], "needs --instruction"),
        (["--from-pairs", "before", "empty", "-i", "x"], "empty holds no photos"),
        (["--from-pairs", "before", "none", "-i", "x"], "none is not a folder"),
        (["--from-pairs", "before", "other", "-i", "x"], "name them alike"),
        (["--from-pairs", "before", "cropped", "-i", "x"], "one is cropped"),
        (["--from-pairs", "before", "broken", "-i", "x"], "0.png cannot be read"),
        (["--from-pairs", "before", "before", "-i", "x", "--photos", "before"], "leave out before"),
        (["--engine", "compose", "-i", "x"], "give both"),
        (["--cutouts", "empty"], "holds no cut-outs"),
    ],
)
def test_wrong_material_is_one_line_and_exit_2(
    ip2p: CommandLine, tmp_path: Path, arguments: list[str], complaint: str
) -> None:
    picture(tmp_path / "before" / "0.png")
    picture(tmp_path / "other" / "1.png")
    picture(tmp_path / "cropped" / "0.png", (40, 80))
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "0.png").write_bytes(b"no picture")
    answer = ip2p("gen-data", "-o", "data", *arguments)
    assert answer.code == 2
    assert complaint in answer.err
    assert len(answer.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("our house style", "our house style"),
        ("give it our house style", "our house style"),
        ("grade it in the studio's own look", "the studio's own look"),
        ("in a soft matte finish", "a soft matte finish"),
    ],
)
def test_a_looks_name_is_asked_for_in_many_ways(given: str, name: str) -> None:
    drawn = {wording((given,), random.Random(seed)).lower() for seed in range(300)}
    assert given in drawn
    assert len(drawn) > 50
    assert all(name in text for text in drawn)


@pytest.mark.parametrize("given", ["remove the yellow tones", "make it warmer", "take my photo and make it blue"])
def test_what_is_no_name_stays_as_it_is(given: str) -> None:
    drawn = [wording((given,), random.Random(seed)).lower() for seed in range(100)]
    assert all(given in text for text in drawn)
