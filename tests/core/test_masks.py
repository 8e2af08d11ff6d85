"""Masks that a user gives: found, fitted, and kept to bit for bit."""

from __future__ import annotations

import functools
import os
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ip2p_cli.errors import ItemError
from ip2p_cli.images import decode
from ip2p_cli.masks import NEARLY, GivenMasks
from ip2p_cli.types import Source
from tests.core.bench import Bench
from tests.fakes import shifted
from tests.photos import encoded, gradient, save


def halves(width: int, height: int) -> Image.Image:
    """White on the left."""
    mask = Image.new("L", (width, height), 0)
    mask.paste(255, (0, 0, width // 2, height))
    return mask


def masks_at(path: Path) -> GivenMasks:
    return GivenMasks(path, decode)


def source(name: str) -> Source:
    return Source(Path("photos") / name, PurePosixPath(name))


def test_one_mask_for_all_is_scaled_to_photos_of_its_shape(tmp_path: Path) -> None:
    halves(40, 30).save(tmp_path / "mask.png")
    masks = masks_at(tmp_path / "mask.png")
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
        assert masks_at(path).of(source("a.png"), wanted).size == wanted


def test_a_panorama_s_mask_fits_with_its_short_side_rounded(tmp_path: Path) -> None:
    Image.new("L", (1024, 171), 255).save(tmp_path / "m.png")
    assert masks_at(tmp_path / "m.png").of(source("a.jpg"), (6000, 1000)).size == (6000, 1000)
    with pytest.raises(ItemError, match="the photo 6000 x 1024"):
        masks_at(tmp_path / "m.png").of(source("a.jpg"), (6000, 1024))


def test_a_folder_mirrors_the_photos(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    halves(8, 8).save(tmp_path / "a" / "b[1].png")
    masks = masks_at(tmp_path)
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
    found = np.asarray(masks_at(tmp_path / "m.png").of(source("a.png"), (4, 4)))
    assert found[1, 1] == 255 and found.sum() == 255


def test_a_mask_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "m.png").write_bytes(b"no picture")
    with pytest.raises(ItemError, match=r"its mask .*m\.png"):
        masks_at(tmp_path / "m.png").of(source("a.png"), (4, 4))


def test_a_link_to_nowhere_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to("nowhere.png")
    with pytest.raises(ItemError, match=r"its mask .*a\.png cannot be read: No such file"):
        masks_at(tmp_path).of(source("a.jpg"), (4, 4))


def test_a_photo_is_not_its_own_mask(tmp_path: Path) -> None:
    photo = save(tmp_path / "a.png", gradient(8, 8))
    with pytest.raises(ItemError, match="there is no mask for it"):
        masks_at(tmp_path).of(Source(photo, PurePosixPath("a.png")), (8, 8))
    halves(8, 8).save(tmp_path / "a.webp", lossless=True)
    assert masks_at(tmp_path).of(Source(photo, PurePosixPath("a.png")), (8, 8)).getpixel((7, 0)) == 0


def test_a_mask_that_was_painted_in_meanwhile_counts(tmp_path: Path) -> None:
    path = tmp_path / "m.png"
    masks = masks_at(path)
    for number, level in enumerate((0, 255)):
        Image.new("L", (4, 4), level).save(path)
        os.utime(path, ns=(number, number))
        assert masks.of(source("a.png"), (4, 4)).getpixel((0, 0)) == level


def test_the_run_s_limit_counts_for_masks(tmp_path: Path) -> None:
    halves(2000, 1100).save(tmp_path / "0.png")
    small = GivenMasks(tmp_path, functools.partial(decode, max_megapixels=1))
    with pytest.raises(ItemError, match=r"its mask .*0\.png: .*larger than 1 megapixels"):
        small.of(source("0.jpg"), (2000, 1100))


def test_of_the_masks_the_last_few_are_kept(tmp_path: Path) -> None:
    for number in range(9):
        halves(8, 8).save(tmp_path / f"{number}.png")
    decoded = []
    masks = GivenMasks(tmp_path, lambda data: decoded.append(data) or decode(data))  # type: ignore[func-returns-value]
    for name in [*"0001112", *"012", *"345678", "0"]:
        masks.of(source(f"{name}.jpg"), (8, 8))
    assert len(decoded) == 9 + 1


@given(st.integers(0, 255))
def test_what_is_nearly_black_or_white_is_so(level: int) -> None:
    found = GivenMasks(Path(__file__), lambda data: decode(encoded(Image.new("L", (2, 2), level), "PNG")))
    [[(_, snapped)]] = [found.of(source("a.jpg"), (2, 2)).getcolors()]
    assert snapped == (0 if level <= NEARLY else 255 if level >= 255 - NEARLY else level)


def masked_run(bench: Bench, masks: Path) -> list[str]:
    return bench.run("x", masks=masks_at(masks))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    for number in range(3):
        save(tmp_path / "photos" / f"{number}.png", gradient(20, 15))
    return Bench(tmp_path)


def test_outside_a_given_mask_pixels_are_the_photo_s(bench: Bench, tmp_path: Path) -> None:
    halves(20, 15).save(tmp_path / "mask.png")
    assert masked_run(bench, tmp_path / "mask.png") == ["done"] * 3
    before, after = gradient(20, 15), Image.open(bench.out / "0.png")
    right, left = (10, 0, 20, 15), (0, 0, 10, 15)
    assert after.crop(right).tobytes() == before.crop(right).tobytes()
    assert after.crop(left).tobytes() != before.crop(left).tobytes()
    assert after.crop(left).tobytes() == shifted(before, 47).crop(left).tobytes()


def test_a_smaller_jpeg_of_a_mask_keeps_full_size_pixels_bit_for_bit(tmp_path: Path) -> None:
    photo = gradient(400, 300)
    save(tmp_path / "photos" / "0.png", photo)
    halves(100, 75).save(tmp_path / "mask.jpg", quality=60)
    bench = Bench(tmp_path)
    assert masked_run(bench, tmp_path / "mask.jpg") == ["done"]
    after = Image.open(bench.out / "0.png")
    right, left = (264, 0, 400, 300), (0, 0, 136, 300)  # but for the JPEG's blocks along the edge
    assert after.crop(right).tobytes() == photo.crop(right).tobytes()
    assert after.crop(left).tobytes() == shifted(photo, 47).crop(left).tobytes()


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


def test_a_photo_that_is_replaced_while_it_is_read_is_not_taken_for_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = save(tmp_path / "photos" / "a.png", gradient(40, 30))
    Image.new("L", (40, 30), 255).save(tmp_path / "mask.png")
    old, new = photo.read_bytes(), encoded(gradient().rotate(180), "PNG")

    def decode_slowly(data: bytes) -> object:
        photo.write_bytes(new)
        return decode(data)

    masks, bench = masks_at(tmp_path / "mask.png"), Bench(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("tests.core.bench.decode", decode_slowly)
        assert bench.run("x", masks=masks) == ["done"]
    assert bench.run("x", masks=masks) == ["failed"], "the output there is not the new photo's"
    photo.write_bytes(old)
    assert bench.run("x", masks=masks) == ["skipped"]
