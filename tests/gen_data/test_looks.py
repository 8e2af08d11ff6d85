"""The looks: every family has one, and each is a visible, bounded, repeatable change."""

from __future__ import annotations

import numpy as np
import pytest

from ip2p_gen_data.compose import looks
from ip2p_gen_data.compose.scenes import scene
from ip2p_gen_data.wordings import families


@pytest.fixture(scope="module")
def picture() -> looks.Array:
    return scene(96, np.random.default_rng(3))[0]


def test_every_family_with_wordings_has_a_look_and_the_other_way_round() -> None:
    assert sorted(looks.LOOKS) == sorted(families())
    assert len(looks.LOOKS) >= 24


@pytest.mark.parametrize("family", sorted(looks.LOOKS))
def test_a_look_changes_the_picture_within_range_and_repeats(family: str, picture: looks.Array) -> None:
    first = looks.apply(family, picture, np.random.default_rng(0))
    again = looks.apply(family, picture, np.random.default_rng(0))
    assert first.shape == picture.shape and first.dtype == np.float32
    assert np.isfinite(first).all() and first.min() >= 0 and first.max() <= 1
    assert np.array_equal(first, again)
    assert np.abs(first - picture).mean() > 0.02


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize("family", sorted(looks.LOOKS))
def test_flat_pictures_give_finite_results(family: str, value: float) -> None:
    flat = np.full((32, 32, 3), value, np.float32)
    assert np.isfinite(looks.apply(family, flat, np.random.default_rng(0))).all()


def test_a_scene_knows_its_sky() -> None:
    picture, sky = scene(64, np.random.default_rng(1))
    assert picture.shape == (64, 64, 3) and sky.shape == (64, 64)
    assert sky[0].mean() > 0.9 and sky[-1].mean() < 0.1
