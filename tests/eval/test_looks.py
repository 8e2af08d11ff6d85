"""The judge's predicates: they pass what a person would pass, and neither copies, other looks nor other photos."""

from __future__ import annotations

import numpy as np
import pytest

from ip2p_eval.looks.overlaps import listed, overlap
from ip2p_eval.looks.predicates import FAMILIES
from ip2p_eval.looks.predicates import PREDICATES as predicates
from tests.eval.judged import applicable, followed, measure, preserved
from tests.eval.scenes import LOOKS, blurred, scene, to_pil

SEEDS = range(6)


def test_the_28_families_are_all_there() -> None:
    assert len(FAMILIES) == 28
    assert set(LOOKS) == set(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES)
def test_an_obvious_instance_passes_and_keeps_its_layout(family: str) -> None:
    pairs = [(before, LOOKS[family](before)) for before in map(scene, SEEDS)]
    assert sum(followed(before, after, family) for before, after in pairs) >= 5
    assert sum(preserved(before, after, family) for before, after in pairs) >= 5


@pytest.mark.parametrize("seed", SEEDS)
def test_a_copy_passes_for_nothing(seed: int) -> None:
    before = scene(seed)
    assert [family for family in FAMILIES if followed(before, before, family)] == []


@pytest.mark.parametrize("change", ["noise", "slightly darker", "slightly warmer", "codec"])
def test_a_change_nobody_would_notice_passes_for_nothing(change: str) -> None:
    before = scene(1)
    after = {
        "noise": np.clip(before + np.random.default_rng(0).normal(0, 0.02, before.shape), 0, 1),
        "slightly darker": before * 0.97,
        "slightly warmer": np.clip(before * np.array([1.02, 1, 0.98]), 0, 1),
        "codec": blurred(before, 0.7),
    }[change]
    assert [family for family in FAMILIES if followed(before, after, family)] == []


def test_other_families_seldom_pass() -> None:
    passes = []
    for family in FAMILIES:
        others = [f for f in FAMILIES if f != family and overlap(family, f) is None]
        for seed in (0, 1, 2):
            pair = measure(scene(seed), LOOKS[family](scene(seed)))
            passes += [predicates[other](pair) for other in others]
    assert np.mean(passes) <= 0.06


def test_two_different_photos_do_not_share_a_layout() -> None:
    photos = [scene(seed, 128, horizon=0.1 + 0.08 * seed) for seed in range(10)]
    pairs = [(a, b) for i, a in enumerate(photos) for b in photos[i + 1 :]]
    loosest = "pixel-art"
    assert sum(preserved(a, b, loosest) for a, b in pairs) == 0


@pytest.mark.parametrize("family", ["night", "pencil-sketch"])
def test_a_mirrored_photo_has_lost_its_layout(family: str) -> None:
    assert not preserved(scene(2), scene(2)[:, ::-1], family)


def test_a_grey_photo_cannot_be_made_black_and_white() -> None:
    grey = LOOKS["black-and-white"](scene(0))
    assert not applicable(grey, "black-and-white")
    assert applicable(grey, "sepia")
    assert applicable(scene(0), "black-and-white")


@pytest.mark.parametrize("family", ["night", "pixel-art", "negative"])
def test_the_edit_may_have_another_size_than_the_photo(family: str) -> None:
    before, after = to_pil(scene(3, 384)), to_pil(LOOKS[family](scene(3, 384))).resize((192, 192))
    assert followed(before, after, family)
    assert preserved(before, after, family)
    assert not followed(before, before.resize((192, 192)), family)


def test_an_array_that_is_no_picture_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(h, w, 3\)"):
        followed(np.zeros((4, 4)), np.zeros((4, 4)), "night")


def test_overlaps_name_families_once_each_with_a_reason() -> None:
    pairs = [frozenset((one, other)) for one, other, _ in listed()]
    assert len(set(pairs)) == len(pairs)
    assert all(len(pair) == 2 and pair <= set(FAMILIES) for pair in pairs)
    assert all(reason for _, _, reason in listed())
    assert len(pairs) <= 0.1 * 28 * 27 / 2  # most pairs are judged
    assert overlap("darker", "night") == overlap("night", "darker") is not None
    assert overlap("night", "brighter") is None
