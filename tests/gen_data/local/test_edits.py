"""Local edits: nothing changes outside the region, the same seed makes the same pair, words say what is done."""

from __future__ import annotations

import io
import random
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ip2p_gen_data.compose.crops import to_array, to_image
from ip2p_gen_data.compose.engine import ComposeConfig, ComposeEngine
from ip2p_gen_data.compose.local.backgrounds import background
from ip2p_gen_data.compose.local.edits import KINDS, Ground, LocalPair, local_edit
from ip2p_gen_data.compose.local.items import Item, Spot, layer_of
from ip2p_gen_data.compose.local.placing import POSITIONS, SIZES, item_for, usual_item
from ip2p_gen_data.compose.scenes import Far, scene
from ip2p_gen_data.compose.things import THINGS

SIDE = 128
PICTURE, SKY = scene(SIDE, np.random.default_rng(2))
NOWHERE = np.zeros((SIDE, SIDE), np.float32)


def made(kind: str, name: str, seed: int) -> LocalPair:
    return KINDS[kind][0](name, Ground(PICTURE, SKY, np.random.default_rng(seed), random.Random(seed)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", THINGS)
def test_outside_the_region_both_pictures_are_the_same_to_the_bit(kind: str, name: str) -> None:
    pair = made(kind, name, 5)
    again = made(kind, name, 5)
    assert np.array_equal(pair.before, again.before) and np.array_equal(pair.after, again.after)
    assert pair.instruction == again.instruction
    assert np.array_equal(pair.before[~pair.region], pair.after[~pair.region])
    assert np.abs(pair.before - pair.after)[pair.region].max() > 0.15
    for picture in (pair.before, pair.after):
        assert picture.dtype == np.float32 and picture.min() >= 0 and picture.max() <= 1
    bytes_before, bytes_after = (np.asarray(to_image(each)) for each in (pair.before, pair.after))
    assert np.array_equal(bytes_before[~pair.region], bytes_after[~pair.region])


@given(name=st.sampled_from(list(THINGS)), seed=st.integers(0, 10**6), size=st.sampled_from(list(SIZES)))
@settings(max_examples=120, deadline=None)
def test_things_stand_inside_the_picture_and_where_they_belong(name: str, seed: int, size: str) -> None:
    thing = THINGS[name]
    [spot] = item_for(name, thing.colours[0], PICTURE, SKY, np.random.default_rng(seed), size=size).spots
    middle = spot.foot - spot.height / 2
    assert spot.foot - spot.height >= -0.001
    if thing.wide:
        return
    assert spot.foot <= 0.99
    assert spot.x - spot.height * thing.aspect / 2 >= -0.001 and spot.x + spot.height * thing.aspect / 2 <= 1.001
    if thing.where == "sky":
        assert middle < 0.5
    elif thing.where in ("ground", "water"):
        assert spot.foot > 0.78
    assert max(spot.height, spot.height * thing.aspect) >= 0.169  # 40 px of 256


@given(
    name=st.sampled_from([name for name, thing in THINGS.items() if not thing.wide]),
    position=st.sampled_from(list(POSITIONS)),
)
@settings(max_examples=80, deadline=None)
def test_a_position_that_is_named_is_obeyed(name: str, position: str) -> None:
    [spot] = usual_item(name, THINGS[name].colours[0], position=position).spots
    half = spot.height * THINGS[name].aspect / 2
    low, high = POSITIONS[position]
    assert low - 1e-6 <= spot.x <= max(high, half + 0.011) if position == "left" else spot.x >= low - half


@given(name=st.sampled_from([name for name, thing in THINGS.items() if not thing.wide]), seed=st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_big_is_bigger_than_small(name: str, seed: int) -> None:
    small, big = (
        item_for(name, THINGS[name].colours[0], PICTURE, SKY, np.random.default_rng(seed), size=size).spots[0].height
        for size in ("small", "big")
    )
    assert big > 1.25 * small


@pytest.mark.parametrize("count", [2, 3, 4])
def test_several_stand_side_by_side(count: int) -> None:
    for name, thing in THINGS.items():
        if not thing.many:
            continue
        item = item_for(name, thing.colours[0], PICTURE, SKY, np.random.default_rng(3), count=count)
        xs = sorted(spot.x for spot in item.spots)
        assert len(xs) == count
        assert min(b - a for a, b in pairwise(xs)) > 0.1


@given(
    name=st.sampled_from(list(THINGS)),
    size=st.sampled_from(list(SIZES)),
    position=st.sampled_from(["", *POSITIONS]),
    count=st.integers(1, 4),
)
@settings(max_examples=200, deadline=None)
def test_what_is_added_stands_inside_the_picture_and_the_same_every_time(
    name: str, size: str, position: str, count: int
) -> None:
    thing = THINGS[name]
    item = usual_item(name, thing.colours[0], size=size, position=position, count=count)
    assert item == usual_item(name, thing.colours[0], size=size, position=position, count=count)
    assert len(item.spots) == (1 if thing.wide else count)
    if thing.wide:
        return
    for spot in item.spots:
        half = spot.height * thing.aspect / 2
        assert spot.foot - spot.height >= -0.001 and spot.foot <= 1.001
        assert spot.x - half >= -0.04 and spot.x + half <= 1.04
    if position and count == 1 and spot.height * thing.aspect < 0.3:
        low, high = POSITIONS[position]
        assert low <= spot.x <= high


@pytest.mark.parametrize("name", ["balloon", "tree", "stars"])
def test_an_edit_of_the_same_words_adds_the_same_to_any_picture(name: str) -> None:
    other = np.full_like(PICTURE, 0.5)
    pairs = [
        KINDS["add"][0](name, Ground(picture, SKY, np.random.default_rng(seed), random.Random(7)))
        for seed, picture in enumerate((PICTURE, other))
    ]
    assert np.array_equal(pairs[0].region, pairs[1].region)


def test_a_larger_item_keeps_its_foot_or_its_middle() -> None:
    ball = Item("ball", "red", (Spot(0.5, 0.9, 0.2, 1),))
    assert ball.scaled(1.5).spots[0].foot == 0.9
    moon = Item("moon", "white", (Spot(0.5, 0.4, 0.2, 1),)).scaled(1.5).spots[0]
    assert moon.foot - moon.height / 2 == pytest.approx(0.3)


def test_what_hangs_over_the_border_is_cut() -> None:
    layer = layer_of(Item("moon", "white", (Spot(0.0, 0.1, 0.3, 1), Spot(1.0, 1.2, 0.3, 2))), SIDE, NOWHERE)
    assert layer.shape == (SIDE, SIDE, 4)
    assert layer[:10, :10, 3].max() > 0.5 and layer[-10:, -10:, 3].max() > 0.5
    assert not layer_of(Item("moon", "white", (Spot(0.5, -2.0, 0.3, 1),)), SIDE, NOWHERE).any()


def test_mountains_of_a_photo_stand_behind_the_land() -> None:
    layer = layer_of(Item("mountains", "blue", (Spot(0.5, 0.6, 0.4, 1),)), SIDE, SKY)
    assert not layer[..., 3][SKY < 0.2].any()
    assert layer[..., 3][SKY > 0.9].any()


def test_a_scene_without_anything_far_is_as_before_and_far_things_stay_behind_the_land() -> None:
    plain, sky = scene(SIDE, np.random.default_rng(8))
    behind, less = scene(SIDE, np.random.default_rng(8), Far("skyline", "grey", 0.4, 3))
    changed = np.abs(plain - behind).max(-1) > 0.02
    assert changed.mean() > 0.03
    assert not changed[-SIDE // 10 :].any() or sky[-SIDE // 10 :].max() > 0  # but mirrored in water
    assert less.sum() < sky.sum()


def test_backgrounds_change_between_the_two_and_are_asked_for() -> None:
    families = Counter()
    for seed in range(24):
        pair = background(64, np.random.default_rng(seed), random.Random(seed))
        assert np.abs(pair.before - pair.after).max(-1).mean() > 0.005
        families[pair.family] += 1
    assert {"replace-with-skyline", "replace-with-mountains"} <= set(families)


def test_bystanders_stay() -> None:
    """Pairs differ from the bare picture outside the region too, where another thing stands by."""
    with_others = 0
    for seed in range(40):
        pair = made("add", "balloon", seed)
        with_others += bool((pair.before[~pair.region] != PICTURE[~pair.region]).any())
    assert 2 <= with_others <= 20


def test_all_kinds_and_most_things_turn_up() -> None:
    families = {
        local_edit(PICTURE, SKY, np.random.default_rng(seed), random.Random(seed)).family for seed in range(300)
    }
    kinds = {family.split("-")[0] for family in families}
    assert kinds == {"add", "remove", "recolour", "replace", "bigger", "smaller"}
    assert len(families) > 90


def test_the_engine_mixes_looks_and_local_edits() -> None:
    config = ComposeConfig(size=64, seed=3)
    families = [pair.family for pair in ComposeEngine((), (), config).shard(0, 27)]
    local = [
        family
        for family in families
        if family.split("-")[0] in ("add", "remove", "recolour", "replace", "bigger", "smaller")
    ]
    assert len(local) == 3 * config.local_per_source
    pairs = list(ComposeEngine((), (), config).shard(0, 9))
    again = list(ComposeEngine((), (), config).shard(0, 9))
    assert pairs == again


def test_files_are_the_same_outside_the_blocks_that_the_thing_touches() -> None:
    """JPEG codes blocks of 8 px by themselves: a block without the thing decodes to the same bytes."""
    from ip2p_cli.api import encode_image

    pair = made("add", "ball", 1)
    before, after = (
        np.asarray(Image.open(io.BytesIO(encode_image(to_image(each))))) for each in (pair.before, pair.after)
    )
    touched = pair.region.reshape(SIDE // 8, 8, SIDE // 8, 8).any((1, 3))
    clear = ~np.repeat(np.repeat(touched, 8, 0), 8, 1)
    assert clear.mean() > 0.5
    assert np.array_equal(before[clear], after[clear])
    assert to_array(to_image(pair.before)).shape == pair.before.shape
