"""Recipes: what is accepted, what is refused, and that the refusal says how to do it right."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ip2p_cli.errors import RecipeError, UsageError
from ip2p_cli.recipe import from_instructions, merged, parse_recipe
from ip2p_cli.recipe_files import load_recipe, recipe_text, shipped
from ip2p_cli.types import StepSettings

FULL = """
schema = 1
name = "golden-hour"
[defaults]
steps = 20
image_guidance = 1.5
[input]
sources = ["photos/"]
[[step]]
instruction = "add a {what}"
text_guidance = 7
[[step]]
instruction = "make it {style}"
steps = 10
[variables]
what = "sunset"
[matrix]
style = ["old", "new"]
[checks]
require = ["nsfw"]
[output]
name = "{relpath}/{stem}-{recipe}{ext}"
"""


def test_everything_in_a_recipe_arrives() -> None:
    recipe = parse_recipe(FULL, "r.toml", Path("/data"))
    assert recipe.name == "golden-hour"
    assert recipe.sources == ("/data/photos",)
    assert recipe.require == ("nsfw",)
    assert recipe.output_name == "{relpath}/{stem}-{recipe}{ext}"
    first, second = recipe.steps
    assert first.settings == StepSettings(steps=20, text_guidance=7.0, image_guidance=1.5)
    assert second.settings == StepSettings(steps=10, image_guidance=1.5)


def test_each_combination_of_the_matrix_is_a_chain() -> None:
    chains = parse_recipe(FULL, "r.toml").chains()
    assert [[step.instruction for step in chain] for chain in chains] == [
        ["add a sunset", "make it old"],
        ["add a sunset", "make it new"],
    ]


def test_a_set_variable_wins_and_narrows_the_matrix() -> None:
    [chain] = parse_recipe(FULL, "r.toml").with_variables({"what": "rainbow", "style": "odd"}).chains()
    assert [step.instruction for step in chain] == ["add a rainbow", "make it odd"]


def test_an_unknown_variable_suggests_the_right_one() -> None:
    with pytest.raises(RecipeError, match="did you mean 'what'"):
        parse_recipe(FULL, "r.toml").with_variables({"waht": "x"})


def test_options_win_over_steps_and_steps_over_config() -> None:
    recipe = parse_recipe(FULL, "r.toml").with_settings(
        StepSettings(steps=3), StepSettings(steps=99, text_guidance=1.0, sampler="euler")
    )
    assert recipe.steps[0].settings == StepSettings(3, 7.0, 1.5, "euler")
    assert recipe.steps[1].settings == StepSettings(3, 1.0, 1.5, "euler")


def test_merged_keeps_a_zero() -> None:
    assert merged(StepSettings(image_guidance=0.0), StepSettings(image_guidance=2.0)).image_guidance == 0.0


STEP = '[[step]]\ninstruction = "x"\n'
REFUSED = {
    "no toml": ("schema = ", "not valid TOML"),
    "unknown key": ("schema = 1\nvariable = 3\n" + STEP, "did you mean 'variables'"),
    "unknown step key": ("schema = 1\n" + STEP + "image_guidence = 1\n", "did you mean 'image_guidance'"),
    "unknown default": ("schema = 1\n" + STEP + "[defaults]\nstep = 1\n", "did you mean 'steps'"),
    "no schema": (STEP, "schema is missing"),
    "newer schema": ("schema = 2\n" + STEP, "schema is 2"),
    "schema true": ("schema = true\n" + STEP, "schema is True"),
    "no steps": ("schema = 1\n", "at least one"),
    "steps a table": ("schema = 1\n[step]\ninstruction = 'x'\n", "at least one"),
    "empty instruction": ('schema = 1\n[[step]]\ninstruction = " "\n', "no instruction"),
    "instruction a number": ("schema = 1\n[[step]]\ninstruction = 3\n", "give a text"),
    "steps 0": ("schema = 1\n" + STEP + "steps = 0\n", "1 to 1000"),
    "steps a float": ("schema = 1\n" + STEP + "steps = 2.5\n", "1 to 1000"),
    "steps true": ("schema = 1\n" + STEP + "steps = true\n", "1 to 1000"),
    "guidance nan": ("schema = 1\n" + STEP + "text_guidance = nan\n", "0 to 100"),
    "guidance infinite": ("schema = 1\n" + STEP + "text_guidance = inf\n", "0 to 100"),
    "guidance a text": ("schema = 1\n" + STEP + 'text_guidance = "7"\n', "0 to 100"),
    "unknown variable": (
        'schema = 1\n[[step]]\ninstruction = "{hwat}"\n[variables]\nwhat = "a"\n',
        "did you mean 'what'",
    ),
    "attribute": ('schema = 1\n[[step]]\ninstruction = "{a.__class__}"\n[variables]\na = "a"\n', "plain field name"),
    "format": ('schema = 1\n[[step]]\ninstruction = "{a:>9999999}"\n[variables]\na = "a"\n', "has a format"),
    "unbalanced": ('schema = 1\n[[step]]\ninstruction = "{a"\n', "not a template"),
    "in both": (
        'schema = 1\n[[step]]\ninstruction = "{a}"\n[variables]\na = "a"\n[matrix]\na = ["b"]\n',
        "keep one of them",
    ),
    "empty matrix": ('schema = 1\n[[step]]\ninstruction = "{a}"\n[matrix]\na = []\n', "list of values"),
    "huge matrix": (
        "schema = 1\n" + STEP + "[matrix]\n" + "".join(f"{k} = {list('0123456789')}\n" for k in "abcd"),
        "the limit is",
    ),
    "name leaves": ("schema = 1\n" + STEP + '[output]\nname = "../{stem}{ext}"\n', "leaves the output folder"),
    "name field": ("schema = 1\n" + STEP + '[output]\nname = "{stm}{ext}"\n', "did you mean 'stem'"),
    "sources a text": ("schema = 1\n" + STEP + '[input]\nsources = "photos"\n', "give a list"),
    "code": ("schema = 1\nplugins = ['x']\n" + STEP, "unknown key 'plugins'"),
}


@pytest.mark.parametrize(("text", "says"), REFUSED.values(), ids=REFUSED)
def test_refused(text: str, says: str) -> None:
    with pytest.raises(RecipeError) as caught:
        parse_recipe(text, "r.toml").chains()
    assert re.search(re.escape(says), str(caught.value))
    assert "\n" not in str(caught.value).strip()


def test_an_instruction_emptied_by_its_variable_is_refused() -> None:
    recipe = parse_recipe('schema = 1\n[[step]]\ninstruction = "{a}"\n[variables]\na = ""\n', "r.toml")
    with pytest.raises(RecipeError, match="empty instruction"):
        recipe.chains()


@given(st.text(max_size=200))
def test_any_text_is_a_recipe_or_a_recipe_error(text: str) -> None:
    with contextlib.suppress(RecipeError):
        parse_recipe(text, "r.toml").chains()


VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(
    ["schema", "name", "defaults", "input", "step", "variables", "matrix", "checks", "output", "steps"]
)


@settings(max_examples=300)
@given(
    st.dictionaries(KEYS, VALUE, max_size=6),
    st.lists(st.dictionaries(st.sampled_from(["instruction", "steps"]), VALUE)),
)
def test_any_structure_is_a_recipe_or_a_recipe_error(table: dict[str, object], steps: list[dict[str, object]]) -> None:
    from ip2p_cli.recipe import _build

    with contextlib.suppress(UsageError):  # RecipeError is one; parse_recipe makes it one where it is not
        _build({**table, "schema": 1, "step": steps}, Path()).chains()


@given(st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=4))
def test_instructions_of_the_command_line_are_taken_as_they_are(texts: list[str]) -> None:
    if not all(text.strip() for text in texts):
        with pytest.raises(UsageError):
            from_instructions(texts)
        return
    [chain] = from_instructions(texts).chains()
    assert [step.instruction for step in chain] == [text.strip() for text in texts]


def test_no_instruction_is_refused() -> None:
    with pytest.raises(UsageError, match="no instruction"):
        from_instructions([])


def test_there_are_useful_recipes_and_all_are_valid() -> None:
    assert len(shipped()) >= 8
    for name in shipped():
        recipe = load_recipe(name)
        assert recipe.name == name
        assert recipe.description
        assert recipe.chains()
        assert recipe_text(name)[0].startswith("#"), "a shipped recipe says what it is for"


def test_an_unknown_recipe_suggests_the_right_one() -> None:
    with pytest.raises(RecipeError, match="did you mean 'golden-hour'"):
        load_recipe("golden-hours")


def test_a_recipe_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_bytes(b"schema = 1 # \xff")
    with pytest.raises(RecipeError, match="not UTF-8"):
        load_recipe(str(tmp_path / "r.toml"))


def test_a_missing_recipe_file(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="No such file"):
        load_recipe(str(tmp_path / "r.toml"))


def test_a_recipe_without_a_name_is_called_after_its_file(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("schema = 1\n" + STEP)
    assert load_recipe(str(tmp_path / "mine.toml")).name == "mine"


def test_an_instruction_that_is_no_utf8_is_refused_before_any_work() -> None:
    with pytest.raises(RecipeError, match="is not UTF-8"):
        list(from_instructions(["\udcff night"]).chains())
