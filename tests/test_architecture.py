"""The layering that DESIGN and CONTRIBUTING promise, read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = sorted((ROOT / "ip2p_cli").rglob("*.py"))
PLUGINS = sorted((ROOT / "plugins").rglob("*.py"))
TOP = {"cli.py", "__main__.py"}
HEAVY = {"torch", "diffusers", "transformers"}
# modules that only run in the editor, or in the converter's own process
WITH_TORCH = ("ip2p_cli/editor/", "ip2p_cli/convert/")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path, *, top_level_only: bool = False) -> Iterator[str]:
    """Full names of absolute imports, without those for type checkers."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_level_only else list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


@pytest.mark.parametrize("path", CORE, ids=name)
def test_lower_modules_never_import_cli_or_commands(path: Path) -> None:
    if path.name in TOP or path.parent.name == "commands":
        return
    assert not [module for module in imports(path) if module.startswith(("ip2p_cli.cli", "ip2p_cli.commands"))]


@pytest.mark.parametrize("path", CORE, ids=name)
def test_only_the_editor_imports_torch_when_it_is_imported(path: Path) -> None:
    if name(path).startswith(WITH_TORCH):
        return
    assert not HEAVY & {module.split(".")[0] for module in imports(path, top_level_only=True)}


@pytest.mark.parametrize("path", PLUGINS, ids=name)
def test_plugins_import_the_public_api_and_nothing_else_of_core(path: Path) -> None:
    core = {module for module in imports(path) if module.split(".")[0] == "ip2p_cli"}
    assert core <= {"ip2p_cli.api"}
