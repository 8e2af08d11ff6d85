"""Scenes are valid by construction, and there is always room to add to them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from ip2p_gen_data.world.scene import GROUNDS, KINDS, TIMES, WEATHERS, Scene, Thing, free_lane, lane, sample
from tests.gen_data.world.strategies import seeds


@given(seeds)
def test_a_seed_has_one_scene_and_every_scene_is_valid(seed: int) -> None:
    scene = sample(seed)
    assert scene == sample(seed)
    assert 1 <= len(scene.things) <= 2
    if len(scene.things) == 1:
        assert free_lane(scene) != lane(scene.things[0].x)


def test_every_value_occurs() -> None:
    scenes = [sample(seed) for seed in range(300)]
    assert {scene.time for scene in scenes} == set(TIMES)
    assert {scene.weather for scene in scenes} == set(WEATHERS)
    assert {scene.ground for scene in scenes} == set(GROUNDS)
    assert {thing.kind for scene in scenes for thing in scene.things} == set(KINDS)
    assert {len(scene.things) for scene in scenes} == {1, 2}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"time": "noon"}, "unknown time 'noon'; there are: day, sunset, night"),
        ({"things": ()}, "one or two things"),
        ({"things": (Thing("ball", "red", "small", 15, 50), Thing("ball", "blue", "small", 48, 50))}, "differ in kind"),
        ({"things": (Thing("ball", "red", "small", 15, 50), Thing("box", "red", "small", 48, 50))}, "differ in colour"),
        ({"things": (Thing("ball", "red", "small", 15, 50), Thing("box", "blue", "small", 16, 50))}, "differ in lane"),
    ],
)
def test_an_invalid_scene_cannot_be_made(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(sample(0), **change)  # type: ignore[arg-type]


def test_a_full_scene_has_no_free_lane() -> None:
    things = (Thing("ball", "red", "small", 15, 50), Thing("box", "blue", "small", 48, 50))
    with pytest.raises(ValueError, match="full"):
        free_lane(Scene("day", "clear", "grass", things, 0))
