"""The world's suite, driven by editors whose quality is known."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from ip2p_cli.api import EditRequest, EditResult, NonFiniteResult
from ip2p_eval.candidates import Candidate
from ip2p_eval.suites.world import WorldSuite
from ip2p_eval.world.cases import as_picture, held_out_cases
from ip2p_eval.world.failures import CLASSES, challenges
from ip2p_eval.world.judging import judge_image
from ip2p_gen_data.world.captions import NotInGrammar, held_out
from ip2p_gen_data.world.instructions import SENTENCES, TEMPLATES, parse_instruction
from ip2p_gen_data.world.oracle import read
from ip2p_gen_data.world.render import render
from ip2p_gen_data.world.scene import Scene
from tests.eval.world_editors import Blind, Copying, Perfect, drawn, mirrored

SCENES = 60


@pytest.fixture(scope="module")
def measured() -> dict[str, dict[str, Any]]:
    editors = {"perfect": Perfect(SCENES), "copying": Copying(), "blind": Blind()}
    candidates = [Candidate(name, lambda editor=editor: editor) for name, editor in editors.items()]  # type: ignore[misc]
    figures = WorldSuite(SCENES).run(candidates).figures
    return {model["model"]: model for model in json.loads(json.dumps(figures))["models"]}


def overlap(one: dict[str, float], other: dict[str, float]) -> bool:
    return one["low"] <= other["high"] and other["low"] <= one["high"]


def test_a_perfect_editor_does_what_it_is_told_and_keeps_the_rest(measured: dict[str, dict[str, Any]]) -> None:
    overall, controls = measured["perfect"]["overall"], measured["perfect"]["controls"]
    assert overall["done"]["share"] >= 0.98 and overall["preserved"]["share"] >= 0.95
    assert overall == controls["truth"]
    assert controls["shuffled instructions"]["done"]["share"] <= 0.1
    assert overlap(controls["image dropped"]["preserved"], controls["another picture (chance)"]["preserved"])
    assert overlap(controls["image dropped"]["attributes"], controls["another picture (chance)"]["attributes"])
    assert controls["image dropped"]["places"]["share"] <= 0.3


def test_a_copying_editor_does_nothing(measured: dict[str, dict[str, Any]]) -> None:
    overall = measured["copying"]["overall"]
    assert overall == measured["copying"]["controls"]["copy"]
    assert overall["done"]["share"] == overall["both"]["share"] == 0
    assert overall["attributes"]["share"] >= 0.95
    assert all(measured["copying"]["failure_classes"][kind]["passed"] == 0 for kind in CLASSES)


def test_an_editor_that_does_not_look_keeps_what_chance_keeps(measured: dict[str, dict[str, Any]]) -> None:
    overall, chance = measured["blind"]["overall"], measured["blind"]["controls"]["another picture (chance)"]
    assert overlap(overall["preserved"], chance["preserved"]) and overlap(overall["places"], chance["places"])
    assert overall["preserved"]["share"] <= 0.1


def test_every_verb_is_asked_for_and_adds_up(measured: dict[str, dict[str, Any]]) -> None:
    verbs = measured["perfect"]["verbs"]
    assert len(verbs) == 8
    assert sum(block["done"]["of"] for block in verbs.values()) == SCENES
    assert min(block["done"]["share"] for block in verbs.values()) >= 0.8


def test_cases_are_held_out_in_scene_and_in_wording() -> None:
    trained = {text for wordings in TEMPLATES.values() for text in wordings.train}
    trained |= {text for values in SENTENCES.values() for wordings in values.values() for text in wordings.train}
    for case in held_out_cases(20):
        assert held_out(case.row.before.caption)
        parsed, edit = parse_instruction(case.row.instruction), case.row.edit
        assert (parsed.verb, parsed.target, parsed.value) == (edit.verb, edit.target, edit.value)
        assert case.row.instruction not in trained


def test_a_larger_output_is_judged_at_the_worlds_size() -> None:
    [case] = held_out_cases(1)
    after = drawn(case.row.after.scene)
    large = after.resize((256, 256), Image.Resampling.NEAREST)
    assert np.array_equal(as_picture(large), np.asarray(after))
    assert judge_image(case, large) == judge_image(case, after)


def test_a_failed_edit_counts_as_nothing_done_and_nothing_kept() -> None:
    class Failing(Copying):
        def edit_each(self, requests: Any, *, full_resolution: bool = True) -> Any:
            return [NonFiniteResult("NaN") for _ in requests]

    [model] = WorldSuite(4).run([Candidate("failing", Failing)]).figures["models"]
    assert model["overall"]["failed"] == 4
    assert model["overall"]["done"]["passed"] == model["overall"]["preserved"]["passed"] == 0


def test_noise_is_neither_done_nor_preserved() -> None:
    rng = np.random.default_rng(0)
    for case in held_out_cases(8):
        judged = judge_image(case, Image.fromarray(rng.integers(0, 255, (64, 64, 3), np.uint8)))
        assert not judged.done and not judged.preserved


@pytest.mark.parametrize("name", CLASSES)
def test_what_a_failure_class_asks_for_passes_and_a_copy_does_not(name: str) -> None:
    asked = [one for one in challenges(8) if one.name == name]
    assert len(asked) == 8
    passed = 0
    for one in asked:
        with pytest.raises(NotInGrammar):
            parse_instruction(one.instruction)
        assert not one.passed(read(render(one.scene)))
        passed += one.passed(read(np.asarray(answer(name, one.scene))))
    assert passed >= 7  # the oracle is not perfect


def answer(name: str, scene: Scene) -> Image.Image:
    """The true result of a challenge."""
    thing = scene.things[0]
    if name in ("move", "swap"):
        return drawn(mirrored(scene))
    if name == "zoom":
        other = replace(thing, size="large" if thing.size == "small" else "small")
        return drawn(replace(scene, things=(other,)))
    both, other = np.asarray(drawn(scene)).copy(), np.asarray(drawn(mirrored(scene)))
    half = slice(0, 32) if thing.x > 32 else slice(32, 64)
    both[:, half] = other[:, half]
    return Image.fromarray(both)


def test_dropping_the_image_leaves_only_the_row_that_has_none() -> None:
    from ip2p_eval.world.controls import dropped_requests

    [request] = dropped_requests(held_out_cases(1), seed=3)
    assert (request.text_guidance, request.image_guidance, request.seed) == (0.0, 0.0, 3)


def test_shuffled_instructions_are_those_of_other_edits() -> None:
    from ip2p_eval.world.controls import shuffled_requests

    cases = held_out_cases(12)
    for case, request in zip(cases, shuffled_requests(cases, 0), strict=True):
        other = next(one for one in cases if one.row.instruction == request.instruction)
        assert other.row.edit != case.row.edit
        assert np.array_equal(np.asarray(request.image), case.picture)


def test_the_command_needs_no_data_and_leaves_json_and_a_page(tiny_checkpoint: Any, tmp_path: Any) -> None:
    from tests.eval.test_command import make_app

    arguments = ["eval", "--suite", "world", "--scenes", "3", "-m", str(tiny_checkpoint), "-o", str(tmp_path)]
    result = CliRunner().invoke(
        make_app(), [*arguments, "--device", "cpu", "--json"], catch_exceptions=False, standalone_mode=False
    )
    figures = json.loads((tmp_path / "world.json").read_text())
    assert json.loads(result.stdout) == figures
    [model] = figures["models"]
    assert model["overall"]["done"]["of"] == 3 and len(model["fingerprint"]) > 8
    assert "control: copy" in result.stderr and "two alike" in result.stderr
    assert "data:image/webp;base64," in (tmp_path / "index.html").read_text()


@pytest.mark.parametrize("full_resolution", [True, False])
def test_requests_carry_the_seed_and_leave_the_rest_to_the_checkpoint(full_resolution: bool) -> None:
    seen: list[EditRequest] = []

    class Noting(Copying):
        def edit_each(self, requests: Any, **wishes: bool) -> list[EditResult]:
            seen.extend(requests)
            dropped = all(request.image_guidance == 0 for request in requests)
            assert wishes["full_resolution"] == (full_resolution and not dropped), "no photo's detail without it"
            return super().edit_each(requests)

    WorldSuite(2, seed=5, full_resolution=full_resolution).run([Candidate("noting", Noting)])
    assert {request.seed for request in seen} == {5}
    assert {request.image_guidance for request in seen} == {None, 0.0}
    assert {request.steps for request in seen} == {None}
