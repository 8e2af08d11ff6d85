"""Aspect buckets: nothing is squashed, sizes fit the network, and batches come from buckets in proportion."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ip2p_cli.api import Pair, UsageError, write_shard
from ip2p_cli.dataset import encode_image
from ip2p_train.buckets import WIDEST, bucket_size, cover, same_shape
from ip2p_train.encoders import open_picture
from ip2p_train.loop import train
from ip2p_train.schedule import step_generator
from tests.train.small import CONFIG, editor_part, write_pairs

SIDES = st.integers(16, 4000)


@settings(deadline=None)
@given(SIDES, SIDES, st.sampled_from([64, 256, 512]), st.sampled_from([8, 16, 64]))
def test_a_bucket_has_about_the_area_and_the_shape(width: int, height: int, side: int, multiple: int) -> None:
    found = bucket_size(width, height, side**2, multiple)
    aspect = min(max(width / height, 1 / WIDEST), WIDEST)
    wanted = (side * aspect**0.5, side / aspect**0.5)
    for length, ideal in zip(found, wanted, strict=True):
        assert length % multiple == 0 and length >= multiple
        assert abs(length - ideal) <= multiple / 2 or length == multiple
    assert bucket_size(height, width, side**2, multiple) == found[::-1]


@settings(deadline=None)
@given(st.integers(40, 400), st.integers(40, 400), st.sampled_from([(64, 64), (96, 48), (48, 96)]))
def test_a_covering_picture_keeps_its_proportions(width: int, height: int, size: tuple[int, int]) -> None:
    """A ramp along each side: its slope in the result says by how much that side was scaled."""
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    image = Image.fromarray(np.stack([x, y, 0 * x], axis=-1).astype(np.uint8))
    pixels = np.asarray(cover(image, size), float)
    across = np.diff(pixels[size[1] // 2, 8:-8, 0]).mean() * width / 255
    down = np.diff(pixels[8:-8, size[0] // 2, 1]).mean() * height / 255
    rounding = (width + height) / 255 / 31  # of whole levels, over at least 31 pixels
    assert abs(across - down) <= 0.08 * down + rounding


def test_pictures_of_one_shape_are_told_from_others() -> None:
    assert same_shape((512, 512), (256, 256)) and same_shape((640, 427), (320, 214))
    assert not same_shape((512, 512), (512, 480))


def test_a_batch_is_of_one_bucket_and_large_buckets_come_more_often(tmp_path: Path, tiny_checkpoint: Path) -> None:
    data = write_pairs(tmp_path / "data", [(32, 32)] * 6 + [(48, 24)] * 3)
    pairs = editor_part(data, tiny_checkpoint, tmp_path / "out").pairs
    assert [len(bucket.rows) for bucket in pairs.buckets] == [6, 3]
    assert [pairs.latent_shape(number) for number in range(2)] == [(4, 16, 16), (4, 12, 22)]
    drawn = [pairs.pick(step_generator(0, step), 2) for step in range(900)]
    assert Counter(picked.bucket for picked in drawn)[0] == pytest.approx(600, abs=60)
    assert {row for picked in drawn for row in picked.pairs if picked.bucket == 1} == {0, 1, 2}


def test_a_dataset_of_many_shapes_trains(tmp_path: Path, tiny_checkpoint: Path) -> None:
    data = write_pairs(tmp_path / "data", [(32, 32), (48, 24), (24, 50), (100, 33)])
    part = editor_part(data, tiny_checkpoint, tmp_path / "out")
    assert len(list(train(part, CONFIG.loop, tmp_path / "out", resume=False))) == CONFIG.loop.max_steps


def test_both_pictures_of_a_pair_are_cut_alike(tmp_path: Path, tiny_checkpoint: Path) -> None:
    """Of a pair whose second picture is the first at twice the size, both latents are nearly the same."""
    ramp = Image.linear_gradient("L").convert("RGB").resize((80, 40))
    write_shard(tmp_path, 0, 1, [Pair(encode_image(ramp), "again", encode_image(ramp.resize((160, 80))))])
    part = editor_part(tmp_path, tiny_checkpoint, tmp_path / "out")
    edited, photo, _ = part.pairs.take(part.pairs.pick(step_generator(0, 0), 1))
    assert (edited - photo).abs().mean() < 0.05 * photo.abs().mean()


def test_a_pair_of_two_shapes_and_a_torn_picture_are_named(tmp_path: Path, tiny_checkpoint: Path) -> None:
    square, wide = (encode_image(Image.new("RGB", size)) for size in ((32, 32), (48, 32)))
    for name, edited, said in (
        ("shapes", wide, r"row 0 .*'go'.*32 × 32 and 48 × 32"),
        ("torn", square[:50], r"row 0 .*'go'"),
    ):
        (tmp_path / name).mkdir()
        write_shard(tmp_path / name, 0, 1, [Pair(square, "go", edited)])
        with pytest.raises(UsageError, match=said):
            editor_part(tmp_path / name, tiny_checkpoint, tmp_path / "out")
    with pytest.raises(ValueError, match=r"one of its pictures is in no known format$"):
        open_picture(b"nothing")
