"""`ip2p apply` and `ip2p recipes`."""

from __future__ import annotations

from PIL import Image

from ip2p_cli.recipe_files import shipped
from tests.commands.conftest import CommandLine
from tests.fakes import shifted
from tests.photos import gradient, save

RECIPE = """
schema = 1
name = "two steps"
[input]
sources = ["photos/"]
[[step]]
instruction = "add a {what}"
[[step]]
instruction = "x"
[variables]
what = "sunset"
[output]
name = "{relpath}/{stem}-{recipe}{ext}"
"""


def test_the_second_command_of_the_readme(ip2p: CommandLine) -> None:
    """`ip2p apply recipe.toml`, sources from the recipe, relative to it and not to the current folder."""
    save(ip2p.folder / "set" / "photos" / "a.png")
    (ip2p.folder / "set" / "recipe.toml").write_text(RECIPE)
    assert ip2p("apply", "set/recipe.toml").code == 0
    written = Image.open("edited/a-two-steps.png")
    assert written.tobytes() == shifted(gradient(), 7 * len("add a sunset") + 40 + 47).tobytes()


def test_sources_and_variables_of_the_command_line_win(ip2p: CommandLine) -> None:
    save(ip2p.folder / "b.png")
    (ip2p.folder / "recipe.toml").write_text(RECIPE)
    answer = ip2p("apply", "recipe.toml", "b.png", "--set", "what=rainbow", "--json")
    assert answer.events[0]["instructions"] == ["add a rainbow", "x"]
    assert answer.events[0]["output"].endswith("edited/b-two-steps.png")


def test_a_recipe_without_sources_asks_for_them(ip2p: CommandLine) -> None:
    answer = ip2p("apply", "golden-hour")
    assert answer.code == 2
    assert "no photos given" in answer.err


def test_a_matrix_gives_an_output_for_each_combination(ip2p: CommandLine) -> None:
    save(ip2p.folder / "a.png")
    answer = ip2p("apply", "four-seasons", "a.png", "--json")
    outputs = [event["output"].rpartition("/")[2] for event in answer.events[:-1]]
    assert len(set(outputs)) == 4
    assert "a-make-it-winter.png" in outputs
    one = ip2p("apply", "four-seasons", "a.png", "--json", "--set", "season=autumn", "-o", "one")
    assert [event["output"].rpartition("/")[2] for event in one.events[:-1]] == ["a-make-it-autumn.png"]


def test_every_shipped_recipe_runs_by_name(ip2p: CommandLine) -> None:
    save(ip2p.folder / "a.png")
    for name in shipped():
        answer = ip2p("apply", name, "a.png", "-o", name, "--json")
        assert answer.code == 0, answer.err
        assert answer.events[-1]["done"] >= 1


def test_recipes_list_and_show(ip2p: CommandLine) -> None:
    listed = ip2p("recipes", "list")
    assert listed.code == 0
    lines = listed.out.decode().splitlines()
    assert [line.split()[0] for line in lines] == list(shipped())
    shown = ip2p("recipes", "show", "golden-hour").out.decode()
    (ip2p.folder / "mine.toml").write_text(shown)
    assert ip2p("recipes", "validate", "mine.toml").code == 0


def test_recipes_validate(ip2p: CommandLine) -> None:
    (ip2p.folder / "bad.toml").write_text("schema = 1\nstpe = 3\n")
    answer = ip2p("recipes", "validate", "golden-hour", "bad.toml", "nope.toml")
    assert answer.code == 2
    assert answer.out.decode().startswith("golden-hour: valid")
    bad, nope = answer.err.splitlines()
    assert "bad.toml: unknown key 'stpe'" in bad
    assert "did you mean 'step'" in bad
    assert "nope.toml" in nope
    assert ip2p("recipes", "show", "nope").code == 2
