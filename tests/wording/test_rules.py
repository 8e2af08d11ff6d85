"""What fails is flagged, with the way out; what only sounds like it passes. Judged on instructions not tuned on."""

from __future__ import annotations

from pathlib import Path

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st

from ip2p_cli.api import Severity
from ip2p_wording import judge
from ip2p_wording.rules import shipped
from ip2p_wording.text import normal
from tests.wording.figures import FRESH, HELD_OUT, TUNED, Figures, measure

HERE = Path(__file__).parent
RECIPES = sorted((HERE.parents[1] / "recipes").glob("*.toml"))


def test_all_that_it_was_tuned_on() -> None:
    figures = measure(TUNED)
    assert figures.false_alarms == []
    assert figures.missed == []


@pytest.mark.parametrize(("path", "recall"), [(HELD_OUT, 0.95), (FRESH, 0.70)], ids=["held_out", "fresh"])
def test_precision_and_recall_on_what_it_was_not_tuned_on(path: Path, recall: float) -> None:
    """As measured (docs/safety.md): a rule that is changed must not lose any of it."""
    figures: Figures = measure(path)
    assert figures.instructions >= 120
    assert figures.precision >= 0.95, figures.false_alarms
    assert figures.recall >= recall, figures.missed


def test_no_instruction_is_in_two_sets() -> None:
    texts = [
        normal(text)
        for path in (TUNED, HELD_OUT, FRESH)
        for each in tomli.loads(path.read_text()).values()
        for text in each
    ]
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_shipped_recipes_are_fine(recipe: Path) -> None:
    for step in tomli.loads(recipe.read_text("utf-8"))["step"]:
        assert judge(step["instruction"]).severity is Severity.ALLOW


@pytest.mark.parametrize("kind", ["move", "viewpoint", "rotate", "swap", "count"])
def test_a_flag_says_what_and_why_and_what_to_write_instead(kind: str) -> None:
    instruction = tomli.loads(TUNED.read_text("utf-8"))[kind][0]
    verdict = judge(instruction)
    [rule] = [rule for rule in shipped().rules if rule.kind == kind]
    assert verdict.severity is Severity.FLAG
    assert rule.why in verdict.reason
    assert rule.instead in verdict.reason


def test_advice_of_the_rules_is_not_flagged_itself() -> None:
    for text in (
        "remove the boat",
        "add a boat on the left",
        "swap the cat for a dog",
        "add birds",
        "add another bird",
    ):
        assert judge(text).severity is Severity.ALLOW, text


@pytest.mark.parametrize(
    "text", ["ZOOM IN on the face", "zoom  in\non the face", "zo\u200bom in on the face", "ｚｏｏｍ in on the face"]
)
def test_case_spaces_and_invisible_letters_change_nothing(text: str) -> None:
    assert judge(text).severity is Severity.FLAG


@given(st.text())
def test_any_text_has_a_verdict(text: str) -> None:
    verdict = judge(text)
    assert verdict.severity in (Severity.ALLOW, Severity.FLAG)


@pytest.mark.parametrize(
    "text",
    [
        "swap the a and ",
        "swap the as of the ",
        "move the big ",
        "move the a light to the left the ",
        "turn the a to the ",
        "a pair of big ",
        "two ",
        "put the cat to the ",
        "light from ",
        "cat dog and ",
        "put the a on the b and ",
        "make the a where the ",
        "take the a and put ",
    ],
)
def test_long_texts_take_no_long_time(text: str) -> None:
    judge(text * 500)  # a pattern that backtracks would not come back
