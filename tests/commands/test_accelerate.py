"""`--fast` and `--accelerate`, on the command line, in recipes and in the user's config."""

from __future__ import annotations

import json

import pytest

from ip2p_cli.accelerations import NAMES, OF_FAST
from ip2p_cli.recipe import parse_recipe
from tests.commands.conftest import CommandLine
from tests.photos import save

RECIPE = 'schema = 1\naccelerate = ["late-guidance"]\n[[step]]\ninstruction = "x"\n'


def asked_of(ip2p: CommandLine) -> tuple[str, ...]:
    return ip2p.loaded[-1][1]["accelerate"]


def test_by_default_nothing_is_traded(ip2p: CommandLine) -> None:
    save(ip2p.folder / "a.png")
    assert ip2p("edit", "a.png", "-i", "x").code == 0
    assert asked_of(ip2p) == ()


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--fast"], OF_FAST),
        (["--accelerate", "compile", "--accelerate", "late-guidance"], ("compile", "late-guidance")),
        (["--accelerate", "none"], ()),
        ([], ("late-guidance",)),
    ],
)
def test_the_command_line_wins_over_the_recipe(ip2p: CommandLine, options: list[str], names: tuple[str, ...]) -> None:
    save(ip2p.folder / "a.png")
    (ip2p.folder / "recipe.toml").write_text(RECIPE)
    assert ip2p("apply", "recipe.toml", "a.png", *options).code == 0
    assert sorted(asked_of(ip2p)) == sorted(names)


def test_the_users_default_counts_where_nothing_else_is_said(
    ip2p: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(ip2p.folder / "a.png")
    (ip2p.folder / "recipe.toml").write_text(RECIPE)
    monkeypatch.setenv("IP2P_ACCELERATE", "guidance-interval,feature-reuse")
    ip2p("edit", "a.png", "-i", "x", "-o", "one")
    assert asked_of(ip2p) == ("feature-reuse", "guidance-interval")
    ip2p("apply", "recipe.toml", "a.png", "-o", "two")
    assert asked_of(ip2p) == ("late-guidance",)
    ip2p("edit", "a.png", "-i", "x", "-o", "three", "--accelerate", "none")
    assert asked_of(ip2p) == ()


def test_an_output_made_otherwise_is_an_error_and_says_how_it_was_made(ip2p: CommandLine) -> None:
    save(ip2p.folder / "a.png")
    assert ip2p("edit", "a.png", "-i", "x", "--fast", "-o", "out").code == 0
    again = ip2p("edit", "a.png", "-i", "x", "--fast", "-o", "out", "--json")
    assert again.events[0]["status"] == "skipped"
    other = ip2p("edit", "a.png", "-i", "x", "-o", "out", "--json")
    assert (other.code, other.events[0]["status"]) == (1, "failed")
    shown = json.loads(ip2p("show", "out/a.png", "--json").out)
    assert shown["accelerate"] == sorted(OF_FAST)
    assert "--accelerate feature-reuse" in shown["again"]


@pytest.mark.parametrize("name", ["fest", "compile=3", "tiny-decoder"])
def test_a_wrong_name_is_a_usage_error_before_any_work(ip2p: CommandLine, name: str) -> None:
    save(ip2p.folder / "a.png")
    answer = ip2p("edit", "a.png", "-i", "x", "--accelerate", name)
    assert (answer.code, ip2p.loaded) == (2, [])
    assert f"--accelerate {name}" in answer.err


@pytest.mark.parametrize(
    ("value", "says"),
    [('["fest"]', "did you mean"), ('"fast"', "give a list"), ('["tiny-decoder=x/y"]', "names no files")],
)
def test_a_recipe_names_known_ones_and_no_files(value: str, says: str) -> None:
    from ip2p_cli.errors import RecipeError

    with pytest.raises(RecipeError, match=says):
        parse_recipe(RECIPE.replace('["late-guidance"]', value), "recipe")


def test_the_help_names_them_all(ip2p: CommandLine) -> None:
    from ip2p_cli.commands.options import ModelOptions

    [help_] = (ModelOptions.__annotations__["accelerate"],)
    assert all(name in str(help_) for name in NAMES)
