"""The caption grammar is exact both ways."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ip2p_gen_data.world.captions import NotInGrammar, caption, held_out, parse
from ip2p_gen_data.world.scene import Scene, sample
from tests.gen_data.world.strategies import generators, scenes


@given(scenes, generators, st.floats(0, 1))
def test_parsing_is_the_inverse_of_saying(scene: Scene, rng: random.Random, naming: float) -> None:
    text = caption(scene, rng, naming)
    form = parse(text)
    assert str(form) == text
    assert form.named.holds(scene)


@given(scenes, generators)
def test_a_thorough_caption_names_everything(scene: Scene, rng: random.Random) -> None:
    named = parse(caption(scene, rng, naming=1)).named
    assert (named.time, named.weather, named.ground) == (scene.time, scene.weather, scene.ground)
    assert [(t.kind, t.colour, t.size) for t in named.things] == sorted(
        (t.kind, t.colour, t.size) for t in scene.things
    )


@given(scenes, generators)
def test_a_caption_does_not_hold_for_another_scene(scene: Scene, rng: random.Random) -> None:
    named = parse(caption(scene, rng, naming=1)).named
    other = sample(scene.seed + 1)
    same = (scene.time, scene.weather, scene.ground, {(t.kind, t.colour, t.size) for t in scene.things})
    assert named.holds(other) == (
        same == (other.time, other.weather, other.ground, {(t.kind, t.colour, t.size) for t in other.things})
    )


def test_place_is_never_named() -> None:
    rng = random.Random(0)
    said = " ".join(caption(sample(seed), rng) for seed in range(300)).split()
    assert not {"left", "right", "beside", "behind", "middle", "front"} & set(said)


def test_a_scene_has_many_captions() -> None:
    rng = random.Random(0)
    assert len({caption(sample(3), rng) for _ in range(300)}) > 100


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a photo of a cat",
        "a orange ball",
        "a red ball and a blue ball",
        "a red ball and a red box",
        "a red ball on the grass on the sand",
        "a red large ball",
        "A red ball",
        "a red ball ",
        "a foggy at night with a red ball",
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(NotInGrammar):
        parse(text)


def test_about_a_tenth_is_held_out_whatever_the_words() -> None:
    rng = random.Random(0)
    share = sum(held_out(caption(sample(seed), rng)) for seed in range(1000)) / 1000
    assert 0.06 < share < 0.14
    assert held_out("a small red ball on the grass") == held_out("a picture of a tiny red ball in a meadow")
