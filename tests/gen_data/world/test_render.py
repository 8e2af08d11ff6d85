"""Pictures: repeatable, and an edit changes what it is about and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from ip2p_gen_data.world.render import render, render_all
from ip2p_gen_data.world.scene import GROUNDS, KINDS, SIDE, TIMES, WEATHERS, Scene, Thing, sample
from tests.gen_data.world.strategies import scenes


def scene(**changes: object) -> Scene:
    plain = Scene("day", "clear", "grass", (Thing("ball", "red", "large", 15, 50),), 7)
    return replace(plain, **changes)  # type: ignore[arg-type]


@settings(max_examples=25)
@given(scenes)
def test_a_scene_has_one_picture(drawn: Scene) -> None:
    picture = render(drawn)
    assert picture.shape == (SIDE, SIDE, 3) and picture.dtype == np.uint8
    assert np.array_equal(picture, render(drawn))
    assert picture.std() > 4


def test_many_pictures_are_each_as_alone() -> None:
    some = [sample(seed) for seed in range(4)]
    assert all(np.array_equal(many, render(one)) for many, one in zip(render_all(some), some, strict=True))


def test_the_seed_draws_what_is_not_named() -> None:
    assert np.abs(render(scene()).astype(int) - render(scene(seed=8))).mean() > 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_thing_changes_its_own_surroundings_only(kind: str) -> None:
    other = Thing("box" if kind != "box" else "cone", "blue", "large", 48, 50)
    alone = scene(things=(other,))
    both = scene(things=(other, Thing(kind, "red", "large", 15, 50)))
    changed = np.abs(render(alone).astype(int) - render(both)).max(axis=-1) > 0
    assert changed.sum() > 100
    assert not changed[:, 36:].any() and not changed[:24].any()


def test_every_attribute_shows() -> None:
    for values in (
        [scene(time=time) for time in TIMES],
        [scene(weather=weather) for weather in WEATHERS],
        [scene(ground=ground) for ground in GROUNDS],
        [scene(things=(Thing(kind, "red", "large", 15, 50),)) for kind in KINDS],
    ):
        pictures = render_all(values).astype(int)
        for index in range(len(values)):
            for other in range(index):
                assert np.abs(pictures[index] - pictures[other]).max() > 30
