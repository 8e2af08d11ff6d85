"""The frame: start-up, layers, completion, plugins, doctor."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import ip2p_cli
from tests.commands.conftest import CommandLine

PACKAGE = Path(ip2p_cli.__file__).parent
HEAVY = ("torch", "numpy", "diffusers", "transformers")


@pytest.mark.parametrize("arguments", [["--help"], ["edit", "--help"], ["plugins"], ["recipes", "list"]])
def test_start_up_imports_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys; from ip2p_cli.cli import run; code = run(sys.argv[1:]);"
        f"print([m for m in {HEAVY!r} if m in sys.modules], code, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "[] 0"


def test_help_imports_nothing_that_only_runs_need() -> None:
    """Its time is measured in benchmarks/; this is what it comes from."""
    runs = ("ip2p_cli.commands.running", "ip2p_cli.recipe", "ip2p_train.config", "sqlite3", "PIL", "http.client")
    code = (
        "import sys; from ip2p_cli.cli import run; run(['--help']);"
        f"print([m for m in {runs!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "[]"


def imports(file: Path) -> set[str]:
    """Every module that a file imports, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


LOWER = [
    file
    for file in sorted(PACKAGE.rglob("*.py"))
    if file.parent.name != "commands" and file.name not in ("cli.py", "__main__.py")
]


@pytest.mark.parametrize("file", LOWER, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_lower_modules_never_import_the_command_line(file: Path) -> None:
    upper = {name for name in imports(file) if name.startswith(("ip2p_cli.cli", "ip2p_cli.commands"))}
    assert not upper
    assert "typer" not in imports(file) or file.name in ("plugin_manager.py", "hookspecs.py")


def test_the_lower_modules_are_looked_at() -> None:
    assert {"batch.py", "recipe.py", "api.py", "plan.py"} <= {file.name for file in LOWER}


def test_help_shows_commands_of_core_and_of_plugins(ip2p: CommandLine) -> None:
    answer = ip2p("--help")
    assert answer.code == 0
    for command in ("edit", "apply", "recipes", "models", "plugins", "doctor", "train", "gen-data"):
        assert f" {command} " in answer.out.decode()


def test_help_of_edit_shows_panels_and_defaults(ip2p: CommandLine) -> None:
    text = ip2p("edit", "--help").out.decode()
    for words in ("Photos", "The edit", "Model", "Output", "The run", "(default: edited/)", "(default: mini)"):
        assert words in text


def test_no_arguments_show_help_and_exit_2(ip2p: CommandLine) -> None:
    for arguments in ([], ["edit"], ["recipes"]):
        answer = ip2p(*arguments)
        assert answer.code == 2
        assert b"Usage" in answer.out
        assert answer.err == ""


def test_version(ip2p: CommandLine) -> None:
    assert ip2p("--version").out.decode() == f"ip2p {ip2p_cli.__version__}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str, ip2p: CommandLine) -> None:
    ip2p.monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    answer = ip2p("--show-completion", shell)
    assert answer.code == 0
    assert b"_IP2P_COMPLETE" in answer.out
    assert b"Install completion" in ip2p("--help").out


def test_completion_completes() -> None:
    environment = {"_IP2P_COMPLETE": "complete_bash", "COMP_WORDS": "ip2p rec", "COMP_CWORD": "1", "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-m", "ip2p_cli"], env=environment, cwd=PACKAGE.parent, capture_output=True, text=True
    )
    assert done.stdout.split() == ["recipes"]
    assert done.stderr == ""


def test_the_entry_point() -> None:
    [point] = entry_points(group="console_scripts", name="ip2p")
    assert callable(point.load())


def test_plugins_are_listed(ip2p: CommandLine) -> None:
    answer = ip2p("plugins", "--json")
    found = {plugin["name"]: plugin for plugin in answer.events}
    assert found["samplers"]["distribution"] == "ip2p"
    assert found["samplers"]["hooks"] == ["ip2p_register_samplers"]
    assert found["samplers"]["error"] is None
    assert b"samplers" in ip2p("plugins").out


def test_a_plugin_that_is_switched_off_has_no_commands(ip2p: CommandLine) -> None:
    assert ip2p("gen-data", "--help").code == 0
    for arguments in (["--no-plugin", "gen_data"], ["--no-plugin=gen_data"]):
        ip2p.monkeypatch.setenv("IP2P_NO_PLUGIN", "")
        answer = ip2p(*arguments, "gen-data", "--help")
        assert answer.code == 2
        assert "gen-data" in answer.err


def test_a_broken_plugin_is_a_warning_and_everything_else_works(ip2p: CommandLine) -> None:
    from importlib.metadata import EntryPoint

    from ip2p_cli import plugin_manager

    points = [*entry_points(group="ip2p"), EntryPoint("broken", "no_such_module_here", "ip2p")]
    ip2p.monkeypatch.setattr(plugin_manager, "entry_points", lambda group: points)
    answer = ip2p("recipes", "list")
    assert answer.code == 0
    [line] = answer.err.splitlines()
    assert line.startswith("ip2p: warning: plugin 'broken'")
    assert "--no-plugin broken" in line
    assert ip2p("--no-plugin", "broken", "recipes", "list").err == ""


def test_doctor_tells_versions_models_plugins_and_where_defaults_come_from(ip2p: CommandLine) -> None:
    config = ip2p.folder / "config" / "ip2p" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("steps = 7\n")
    ip2p.monkeypatch.setenv("IP2P_SEED", "3")
    ip2p.monkeypatch.setenv("IP2P_SEDE", "3")
    text = ip2p("doctor").out.decode()
    assert "PROBLEM" not in text
    for words in (f"ip2p {ip2p_cli.__version__}", "torch 2", "processor cores", "mini", "samplers (ip2p"):
        assert words in text
    assert f"steps = 7  (from {config})" in text
    assert "seed = 3  (from IP2P_SEED)" in text
    assert "IP2P_SEDE is set, but" in text


def test_a_broken_config_file_stops_every_run_and_is_named(ip2p: CommandLine) -> None:
    config = ip2p.folder / "config" / "ip2p" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("stpes = 7\n")
    answer = ip2p("recipes", "list")
    assert answer.code == 2
    assert "did you mean 'steps'" in answer.err


def test_events_are_ascii_whatever_a_file_is_called(ip2p: CommandLine) -> None:
    import os

    with open(os.fsencode(ip2p.folder) + b"/\xff\xc3\xa4.jpg", "wb") as file:
        file.write(b"no photo")
    answer = ip2p("edit", ".", "-i", "x", "--json")
    assert answer.code == 1
    assert answer.out.isascii()
    assert os.fsencode(json.loads(answer.out.splitlines()[0])["source"]).endswith(b"\xff\xc3\xa4.jpg")
