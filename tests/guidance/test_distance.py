"""The distance of two pictures: a copy is 0, it is symmetric, and it only grows along a blend."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from ip2p_cli.change_band import NAMED
from ip2p_guidance import distance
from ip2p_guidance.distance import perceptual_distance
from ip2p_guidance.review import BARELY


def scene(seed: int = 0, size: tuple[int, int] = (160, 120)) -> Image.Image:
    """Soft colour patches with a few hard edges."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 256, (6, 8, 3), dtype=np.uint8)).resize(size, Image.Resampling.BICUBIC)
    coarse.paste((200, 40, 30), (20, 30, 60, 80))
    return coarse


def with_disc(picture: Image.Image, share: float, colour: tuple[int, int, int] = (250, 245, 220)) -> Image.Image:
    """A moon that covers a share of the picture."""
    width, height = picture.size
    radius = (share * width * height / math.pi) ** 0.5
    x, y = 0.7 * width, 0.25 * height
    drawn = picture.resize((4 * width, 4 * height), Image.Resampling.BICUBIC)
    ImageDraw.Draw(drawn).ellipse([4 * side for side in (x - radius, y - radius, x + radius, y + radius)], fill=colour)
    return drawn.resize(picture.size, Image.Resampling.BOX)


def sky(lightness: int, size: tuple[int, int] = (160, 120)) -> Image.Image:
    """An empty one."""
    ramp = Image.linear_gradient("L").resize(size).point(lambda value: lightness + value // 8)
    return Image.merge("RGB", (ramp, ramp, ramp.point(lambda value: min(255, value + 30))))


EDITS = {
    "night": lambda picture: ImageEnhance.Brightness(picture).enhance(0.35),
    "sepia": lambda picture: ImageOps.colorize(ImageOps.grayscale(picture), "#2b1a08", "#fff0d0"),
    "negative": ImageOps.invert,
    "another": lambda picture: scene(99, picture.size),
    "blur": lambda picture: picture.filter(ImageFilter.GaussianBlur(4)),
    "moon": lambda picture: with_disc(picture, 0.02),
}


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 50))
def test_a_copy_is_nothing_at_any_size(width: int, height: int, seed: int) -> None:
    picture = scene(seed, (width, height))
    assert perceptual_distance(picture, picture) == pytest.approx(0, abs=1e-9)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 50), st.integers(51, 99))
def test_it_is_symmetric_and_within_bounds(first: int, second: int) -> None:
    one, other = scene(first), scene(second)
    found = perceptual_distance(one, other)
    assert 0 < found <= 1
    assert found == pytest.approx(perceptual_distance(other, one))


@pytest.mark.parametrize("name", EDITS)
def test_it_only_grows_along_a_blend(name: str) -> None:
    photo = scene()
    edit = EDITS[name](photo)
    found = [perceptual_distance(photo, Image.blend(photo, edit, share / 8)) for share in range(9)]
    assert found[0] < 1e-9 and found[-1] > 0.05
    assert all(late >= early - 0.01 for early, late in itertools.pairwise(found))


def test_another_picture_is_farther_than_another_light() -> None:
    photo = scene()
    found = {name: perceptual_distance(photo, edit(photo)) for name, edit in EDITS.items()}
    assert found["another"] > max(found["night"], found["sepia"], found["blur"])
    noisy = Image.fromarray(
        np.clip(np.asarray(photo) + np.random.default_rng(0).normal(0, 2, (120, 160, 3)), 0, 255).astype(np.uint8)
    )
    assert perceptual_distance(photo, noisy) < min(found.values())


@pytest.mark.parametrize("share", [0.01, 0.02, 0.03])
@pytest.mark.parametrize("lightness", [20, 90, 160])
def test_a_small_thing_counts_by_how_much_it_stands_out(share: float, lightness: int) -> None:
    photo = sky(lightness)
    low, high = NAMED["gentle"][0], NAMED["normal"][1]
    assert low <= perceptual_distance(photo, with_disc(photo, share)) <= high
    assert BARELY < perceptual_distance(scene(), with_disc(scene(), share)) <= high  # among much else


@pytest.mark.parametrize("name", ["night", "sepia"])
def test_a_look_counts_about_as_much_as_it_changes_on_average(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = scene()
    found = perceptual_distance(photo, EDITS[name](photo))
    monkeypatch.setattr(distance, "_root_mean_square", lambda values: float(values.mean()))
    assert 0 <= found - perceptual_distance(photo, EDITS[name](photo)) < 0.08


def test_a_larger_copy_is_a_copy() -> None:
    photo = scene()
    assert perceptual_distance(photo, photo.resize((640, 480), Image.Resampling.BICUBIC)) < 0.05
