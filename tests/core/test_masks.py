"""Masks that a user gives: found, fitted, and kept to bit for bit."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ip2p_cli.errors import ItemError, UsageError
from ip2p_cli.masks import GivenMasks
from ip2p_cli.types import Source
from tests.core.bench import Bench
from tests.fakes import shifted
from tests.photos import gradient, save


def halves(width: int, height: int) -> Image.Image:
    """White on the left."""
    mask = Image.new("L", (width, height), 0)
    mask.paste(255, (0, 0, width // 2, height))
    return mask


def source(name: str) -> Source:
    return Source(Path("photos") / name, PurePosixPath(name))


def test_one_mask_for_all_is_scaled_to_photos_of_its_shape(tmp_path: Path) -> None:
    halves(40, 30).save(tmp_path / "mask.png")
    masks = GivenMasks.at(tmp_path / "mask.png")
    assert masks.of(source("a.jpg"), (40, 30)).tobytes() == halves(40, 30).tobytes()
    large = np.asarray(masks.of(source("b.jpg"), (400, 300)))
    assert large.shape == (300, 400) and (large[:, :190] == 255).all() and (large[:, 210:] == 0).all()
    with pytest.raises(ItemError, match=r"mask.png is 40 x 30, the photo 30 x 40"):
        masks.of(source("c.jpg"), (30, 40))


@settings(deadline=None, max_examples=50)
@given(st.integers(8, 400), st.integers(8, 400), st.integers(2, 5))
def test_a_smaller_copy_of_the_photo_s_shape_fits(width: int, height: int, smaller: int) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{width}-{height}-{smaller}.png"
        Image.new("L", (width, height), 255).save(path)
        wanted = (width * smaller, height * smaller)
        assert GivenMasks(path).of(source("a.png"), wanted).size == wanted


def test_a_panorama_s_mask_fits_with_its_short_side_rounded(tmp_path: Path) -> None:
    Image.new("L", (1024, 171), 255).save(tmp_path / "m.png")
    assert GivenMasks.at(tmp_path / "m.png").of(source("a.jpg"), (6000, 1000)).size == (6000, 1000)
    with pytest.raises(ItemError, match="the photo 6000 x 1024"):
        GivenMasks.at(tmp_path / "m.png").of(source("a.jpg"), (6000, 1024))


def test_a_folder_mirrors_the_photos(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    halves(8, 8).save(tmp_path / "a" / "b[1].png")
    masks = GivenMasks.at(tmp_path)
    assert masks.of(source("a/b[1].jpg"), (8, 8)).getpixel((0, 0)) == 255
    with pytest.raises(ItemError, match="there is no mask for it"):
        masks.of(source("b1.jpg"), (8, 8))
    halves(8, 8).save(tmp_path / "a" / "b[1].webp", lossless=True)
    with pytest.raises(ItemError, match="several masks"):
        masks.of(source("a/b[1].jpg"), (8, 8))


def test_what_is_transparent_in_a_mask_stays(tmp_path: Path) -> None:
    mask = Image.new("RGBA", (4, 4), (255, 255, 255, 0))
    mask.putpixel((1, 1), (255, 255, 255, 255))
    mask.save(tmp_path / "m.png")
    found = np.asarray(GivenMasks.at(tmp_path / "m.png").of(source("a.png"), (4, 4)))
    assert found[1, 1] == 255 and found.sum() == 255


def test_a_mask_that_is_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--mask"):
        GivenMasks.at(tmp_path / "nowhere")
    (tmp_path / "m.png").write_bytes(b"no picture")
    with pytest.raises(ItemError, match=r"its mask .*m\.png"):
        GivenMasks.at(tmp_path / "m.png").of(source("a.png"), (4, 4))


def masked_run(bench: Bench, masks: Path, *, out: Path | None = None) -> list[str]:
    return bench.run("x", masks=GivenMasks.at(masks), mask_folder=out)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    for number in range(3):
        save(tmp_path / "photos" / f"{number}.png", gradient(20, 15))
    return Bench(tmp_path)


def test_outside_a_given_mask_pixels_are_the_photo_s(bench: Bench, tmp_path: Path) -> None:
    halves(20, 15).save(tmp_path / "mask.png")
    assert masked_run(bench, tmp_path / "mask.png", out=tmp_path / "looked-at") == ["done"] * 3
    before, after = gradient(20, 15), Image.open(bench.out / "0.png")
    right, left = (10, 0, 20, 15), (0, 0, 10, 15)
    assert after.crop(right).tobytes() == before.crop(right).tobytes()
    assert after.crop(left).tobytes() != before.crop(left).tobytes()
    assert after.crop(left).tobytes() == shifted(before, 47).crop(left).tobytes()
    seen = Image.open(tmp_path / "looked-at" / "0.png.png")
    assert seen.mode == "L" and seen.tobytes() == halves(20, 15).tobytes()


def test_another_mask_is_another_output(bench: Bench, tmp_path: Path) -> None:
    halves(20, 15).save(tmp_path / "mask.png")
    masked_run(bench, tmp_path / "mask.png")
    assert masked_run(bench, tmp_path / "mask.png") == ["skipped"] * 3
    Image.new("L", (20, 15), 255).save(tmp_path / "other.png")
    assert masked_run(bench, tmp_path / "other.png") == ["failed"] * 3


def test_photos_without_a_mask_fail_and_the_others_are_done(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "masks").mkdir()
    halves(20, 15).save(tmp_path / "masks" / "1.png")
    assert masked_run(bench, tmp_path / "masks") == ["failed", "done", "failed"]
    assert "there is no mask for it" in str(bench.recorder.outcomes[0].reason)


def test_an_edit_without_a_mask_leaves_no_file(bench: Bench, tmp_path: Path) -> None:
    assert bench.run("x", mask_folder=tmp_path / "seen") == ["done"] * 3
    assert not (tmp_path / "seen").exists()


def test_masks_of_one_stem_stay_apart_and_can_be_given_again(bench: Bench, tmp_path: Path) -> None:
    save(tmp_path / "photos" / "0.jpg", gradient(20, 15))
    halves(20, 15).save(tmp_path / "mask.png")
    seen = tmp_path / "seen"
    masked_run(bench, tmp_path / "mask.png", out=seen)
    assert sorted(path.name for path in seen.iterdir()) == ["0.jpg.png", "0.png.png", "1.png.png", "2.png.png"]
    assert masked_run(bench, seen) == ["skipped"] * 4  # they are the masks that it was made with
