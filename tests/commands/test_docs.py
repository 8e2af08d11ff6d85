"""The pages say what the program says, and their examples work."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path
from types import ModuleType

import pytest

from ip2p_cli import hookspecs
from ip2p_cli.api import find_model, sampler_named
from ip2p_cli.config import KEYS
from ip2p_cli.plugin_manager import PluginManager
from ip2p_cli.recipe import parse_recipe
from ip2p_samplers import NAMES, ip2p_register_samplers

DOCS = Path(__file__).parents[2] / "docs"
HOOKS = sorted(name for name in vars(hookspecs) if name.startswith("ip2p_"))


def test_the_command_line_page_is_up_to_date() -> None:
    made = runpy.run_path(str(DOCS / "make_cli.py"))["page"]()
    assert (DOCS / "cli.md").read_text(encoding="utf-8") == made, "run: python docs/make_cli.py"


def test_every_hook_has_a_page_in_the_index() -> None:
    assert sorted(page.stem for page in (DOCS / "hooks").glob("*.md")) == HOOKS
    index = (DOCS / "plugins.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"\]\(hooks/(\w+)\.md\)", index)) == HOOKS


@pytest.mark.parametrize("hook", HOOKS)
def test_the_example_of_a_hook_is_a_plugin(hook: str) -> None:
    text = (DOCS / "hooks" / f"{hook}.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    plugin = ModuleType("example")
    exec(example, vars(plugin))
    manager = PluginManager()
    manager.register(plugin, "example")
    manager.check_pending()
    assert [caller.name for caller in manager.get_hookcallers(plugin) or []] == [hook]


def test_the_recipe_of_the_page_is_one() -> None:
    [text] = re.findall(r"```toml\n(.*?)```", (DOCS / "recipes.md").read_text(encoding="utf-8"), re.DOTALL)
    [chain] = parse_recipe(text, Path("recipe.toml")).chains()
    assert [step.instruction for step in chain] == ["add a sunset", "make it warmer"]


def test_the_page_of_samplers_names_them_all() -> None:
    page = (DOCS / "samplers.md").read_text(encoding="utf-8")
    table = page.partition("## Zero-terminal SNR")[0]
    assert re.findall(r"^\| `([^`]+)`", table, re.MULTILINE)[:-2] == sorted(
        {first for first, *_ in NAMES.values()} - {"lcm", "tcd"}
    )
    for first, *others in NAMES.values():
        for name in (first, *others):
            assert sampler_named(name, ip2p_register_samplers()) == first


def test_the_figures_of_samplers_are_the_measured_ones() -> None:
    benchmark = runpy.run_path(str(DOCS.parent / "benchmarks" / "sampler_steps.py"))
    found = json.loads((find_model("mini") / "samplers.json").read_text(encoding="utf-8"))
    assert found["advised"] == benchmark["advise"](found["measured"])
    page = (DOCS / "samplers.md").read_text(encoding="utf-8")
    [table] = re.findall(r"<!-- measured -->\n(.*?)\n<!-- /measured -->", page, re.DOTALL)
    assert table == benchmark["tables"](found), "run: python -m benchmarks.sampler_steps --tables"


def test_the_pipelines_page_names_every_default() -> None:
    page = (DOCS / "pipelines.md").read_text(encoding="utf-8")
    assert [key for key in KEYS if not re.search(rf"\b{key}\b", page)] == []
