"""Edits: instruction, caption and scene agree, and nothing changes that the edit does not name."""

from __future__ import annotations

import random
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ip2p_gen_data.world import instructions
from ip2p_gen_data.world.captions import NotInGrammar, caption, parse
from ip2p_gen_data.world.edits import VERBS, Edit, NotApplicable, apply, follows, on_form, on_scene, propose
from ip2p_gen_data.world.scene import Scene, sample
from tests.gen_data.world.strategies import generators, scenes


@given(scenes, generators, st.booleans())
def test_instruction_caption_and_scene_agree(scene: Scene, rng: random.Random, held_out: bool) -> None:
    text = caption(scene, rng)
    form = parse(text)
    edit = propose(form, rng, scene)
    instruction = instructions.instruct(edit, form, rng, held_out)
    assert instructions.parse_instruction(instruction) == edit
    edited = apply(instruction, text)
    after = on_scene(edit, scene)
    assert parse(edited).named.holds(after)
    assert edited != text and after != scene and after.seed == scene.seed
    assert follows(instruction, text, edited) and not follows(instruction, text, text)


@given(scenes, generators)
def test_only_what_is_named_changes(scene: Scene, rng: random.Random) -> None:
    form = parse(caption(scene, rng, naming=1))
    edit = propose(form, rng, scene)
    after, said = on_scene(edit, scene), on_form(edit, form)
    for name in ("time", "weather", "ground"):
        changed = edit.verb == name
        assert (getattr(after, name) != getattr(scene, name)) == changed
        assert (getattr(said, name) != getattr(form, name)) == changed
    kept = [
        thing
        for thing in scene.things
        if edit.verb not in ("colour", "size", "kind", "remove") or thing.kind != edit.target
    ]
    assert set(kept) <= set(after.things)
    places = {(thing.x, thing.y) for thing in scene.things}
    if edit.verb not in ("add", "remove"):
        assert {(thing.x, thing.y) for thing in after.things} == places


@given(scenes, generators)
def test_the_grammar_needs_no_scene(scene: Scene, rng: random.Random) -> None:
    form = parse(caption(scene, rng, naming=0.5))
    edit = propose(form, rng)
    assert parse(str(on_form(edit, form))) != form


def test_every_verb_is_proposed_and_every_wording_has_one_reading() -> None:
    rng, seen = random.Random(0), set()
    for verb in VERBS:
        assert set(instructions.TEMPLATES[verb].train).isdisjoint(instructions.TEMPLATES[verb].held_out)
    for number in range(3000):
        form = parse(caption(sample(number), rng))
        edit = propose(form, rng)
        for held_out in (False, True):
            text = instructions.instruct(edit, form, rng, held_out)
            bare = re.sub(rf"^(?:{'|'.join(instructions.OPENINGS)})", "", text)
            bare = re.sub(rf"(?:{'|'.join(instructions.CLOSINGS)})$", "", bare)
            assert set(instructions._readings(bare)) == {edit}
        seen.add(edit.verb)
    assert seen == set(VERBS)


@pytest.mark.parametrize(
    ("instruction", "text", "edited"),
    [
        ("make it night", "a red ball on the grass", "a red ball on the grass at night"),
        ("make it night", "by day, a red ball on the grass", "after dark, a red ball on the grass"),
        ("let it rain", "a foggy beach with a small blue boat", "a rainy beach with a small blue boat"),
        ("paint the ball orange", "a red ball in a meadow", "an orange ball in a meadow"),
        ("make the crate huge", "a crate and a tree", "a huge crate and a tree"),
        ("swap the ball for a sailboat", "a tiny red ball on a lake", "a tiny red sailboat on a lake"),
        ("please add a small pink star", "a ball at night", "a ball and a small pink star at night"),
        ("remove the tree", "a tree and a blue house in the fog", "a blue house in the fog"),
    ],
)
def test_examples(instruction: str, text: str, edited: str) -> None:
    assert apply(instruction, text) == edited


@pytest.mark.parametrize(
    ("instruction", "text"),
    [
        ("remove the tree", "a red ball"),
        ("remove the ball", "a red ball"),
        ("paint the ball red", "a blue ball and a red box"),
        ("replace the ball with a box", "a blue ball and a red box"),
        ("add a red ball", "a blue ball"),
        ("add a red star", "a blue ball and a red box"),
    ],
)
def test_what_makes_no_sense_is_refused(instruction: str, text: str) -> None:
    with pytest.raises(NotApplicable):
        apply(instruction, text)
    assert not follows(instruction, text, text)


def test_other_instructions_are_refused() -> None:
    with pytest.raises(NotInGrammar):
        instructions.parse_instruction("make it look like an oil painting")
    with pytest.raises(NotInGrammar):
        instructions.parse_instruction("add a small ball")  # of which colour?


def test_a_scene_refuses_what_it_cannot_hold() -> None:
    scene = next(s for s in map(sample, range(50)) if len(s.things) == 2)
    with pytest.raises(NotApplicable):
        on_scene(Edit("colour", scene.things[0].kind, value=scene.things[1].colour), scene)
    with pytest.raises(NotApplicable):
        on_scene(Edit("remove", scene.things[0].kind), replace(scene, things=scene.things[:1]))
