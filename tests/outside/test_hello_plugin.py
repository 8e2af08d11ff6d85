"""examples/plugins/ip2p-hello, installed by pip into an environment of its own, as an outsider would."""

from __future__ import annotations

import ast
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops

from tests.outside.environment import Environment, make_environment

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "plugins" / "ip2p-hello"
EDIT = 'ip2p edit photos/ -i "make it night" --steps 2 --size 128 --model-res --json --quiet'


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """With the plugin installed from a copy, and two photos, one of them black."""
    folder = tmp_path_factory.mktemp("outside")
    made = make_environment(folder / "venv", folder / "work")
    shutil.copytree(EXAMPLE, folder / "ip2p-hello")
    installed = made.run("pip install --quiet ../ip2p-hello")
    assert installed.returncode == 0, installed.stdout
    (made.folder / "photos").mkdir()
    shutil.copy(ROOT / "examples" / "photos" / "meadow.jpg", made.folder / "photos")
    Image.new("RGB", (64, 64)).save(made.folder / "photos" / "black.png")
    return made


def lines_of(environment: Environment, command: str) -> list[dict[str, Any]]:
    ended = environment.run(f"{command} 2> errors.txt")
    assert ended.returncode == 0, ended.stdout + (environment.folder / "errors.txt").read_text()
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_it_takes_nothing_of_ip2p_but_the_api() -> None:
    code = (EXAMPLE / "ip2p_hello.py").read_text(encoding="utf-8")
    imported = {node.module for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ImportFrom)}
    assert {module for module in imported if module and module.startswith("ip2p")} == {"ip2p_cli.api"}
    assert len(code.splitlines()) < 100


@pytest.mark.slow
def test_it_is_listed_with_its_hooks(environment: Environment) -> None:
    [own] = [plugin for plugin in lines_of(environment, "ip2p plugins --json") if plugin["name"] == "hello"]
    assert (own["distribution"], own["version"], own["error"]) == ("ip2p-hello", "0.1.0", None)
    assert own["hooks"] == ["ip2p_check_source", "ip2p_register_commands", "ip2p_register_samplers"]


@pytest.mark.slow
def test_its_command_its_sampler_and_its_check(environment: Environment) -> None:
    assert environment.run("ip2p hello").stdout.splitlines()[-1] == "Hello, world!"
    *items, summary = lines_of(environment, f"{EDIT} --sampler hello-ddim -o theirs")
    assert {Path(item["source"]).name: item["status"] for item in items} == {
        "black.png": "flagged",
        "meadow.jpg": "done",
    }
    assert next(item["reason"] for item in items if item["status"] == "flagged").startswith("hello: nearly black")
    assert (summary["done"], summary["flagged"]) == (1, 1)


@pytest.mark.slow
def test_switched_off_it_does_nothing(environment: Environment) -> None:
    *items, _ = lines_of(environment, f"{EDIT} --sampler ddim --no-plugin hello -o ours")
    assert not any((item.get("reason") or "").startswith("hello") for item in items)
    refused = environment.run(f"{EDIT} --sampler hello-ddim --no-plugin hello -o none")
    assert refused.returncode == 2
    assert "sampler 'hello-ddim' is not known" in refused.stdout
    assert environment.run("IP2P_NO_PLUGIN=hello ip2p hello").returncode == 2


@pytest.mark.slow
def test_its_sampler_is_another_one_than_ddim(environment: Environment) -> None:
    """Of the two tests above: the same photo, noise and steps."""
    theirs, ours = (Image.open(environment.folder / name / "meadow.jpg") for name in ("theirs", "ours"))
    assert max(high for _, high in ImageChops.difference(theirs, ours).getextrema()) > 2
