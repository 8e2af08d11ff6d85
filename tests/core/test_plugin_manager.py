"""Plugins: loaded one by one, named when broken, and never two of one name."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import typer

from ip2p_cli import plugin_manager
from ip2p_cli.checks import require_checks
from ip2p_cli.data_engines import DataEngine
from ip2p_cli.errors import RecipeError, UsageError
from ip2p_cli.hookspecs import hookimpl
from ip2p_cli.plugin_manager import (
    PluginManager,
    collect_data_engines,
    collect_models,
    collect_probes,
    collect_samplers,
    command_names,
    create_plugin_manager,
    register_commands,
    tell,
)
from ip2p_cli.types import ModelInfo

Install = Callable[..., None]


class Distribution:
    def __init__(self, name: str) -> None:
        self.name, self.version = name, "1.0"


class Samplers:
    def __init__(self, *names: str) -> None:
        self.names = names

    @hookimpl
    def ip2p_register_samplers(self) -> dict[str, object]:
        return dict.fromkeys(self.names)


class Models:
    @hookimpl
    def ip2p_register_models(self) -> list[ModelInfo]:
        return [ModelInfo("big", "owner/big")]


class Commands:
    def __init__(self, name: str, fail: bool = False) -> None:
        self.name, self.fail = name, fail

    @hookimpl
    def ip2p_register_commands(self, app: typer.Typer) -> None:
        if self.fail:
            raise SystemExit("oops")
        app.command(self.name)(lambda: None)


class Misspelt:
    @hookimpl
    def ip2p_check_sauce(self, job: object) -> None:
        raise AssertionError


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Pretend that these plugins are the installed ones: (name, distribution, plugin or module name)."""

    def install(*plugins: tuple[str, str, object]) -> None:
        points = []
        for name, distribution, plugin in plugins:
            module = plugin
            if not isinstance(plugin, str):
                module = f"pretended_{name}_{distribution}"
                monkeypatch.setitem(sys.modules, module, SimpleNamespace(plugin=plugin))
                module += ":plugin"
            point = EntryPoint(name, str(module), plugin_manager.GROUP)
            vars(point)["dist"] = Distribution(distribution)
            points.append(point)
        monkeypatch.setattr(plugin_manager, "entry_points", lambda group: points)

    return install


def test_the_built_in_plugins_are_installed_and_sound() -> None:
    manager = create_plugin_manager()
    assert {"samplers", "train", "gen_data", "eval"} <= {plugin.name for plugin in manager.plugins}
    assert manager.broken() == []
    assert {"ddim", "euler", "euler_a", "dpm++2m", "pndm"} <= set(collect_samplers(manager))


def test_a_broken_plugin_is_named_and_the_others_load(
    installed: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "crashing_plugin.py").write_text("raise SystemExit('no')")
    monkeypatch.syspath_prepend(str(tmp_path))
    installed(("a", "da", "no_such_module_at_all"), ("b", "db", "crashing_plugin"), ("c", "dc", Samplers("s")))
    manager = create_plugin_manager()
    assert [(plugin.name, plugin.distribution) for plugin in manager.broken()] == [("a", "da"), ("b", "db")]
    assert "no_such_module_at_all" in str(manager.broken()[0].error)
    assert list(collect_samplers(manager)) == ["s"]
    assert manager.plugins[2].hooks == ("ip2p_register_samplers",)


def test_a_misspelt_hook_is_an_error_not_a_check_that_never_runs(installed: Install) -> None:
    installed(("a", "da", Misspelt()))
    [plugin] = create_plugin_manager().broken()
    assert "did you mean 'ip2p_check_source'" in str(plugin.error)


def test_plugins_can_be_switched_off(installed: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(("a", "da", Samplers("s")), ("b", "db", Samplers("t")), ("c", "dc", "no_such_module"))
    monkeypatch.setenv("IP2P_NO_PLUGIN", "b, c")
    manager = create_plugin_manager(["a"])
    assert collect_samplers(manager) == {}
    assert [plugin.disabled for plugin in manager.plugins] == [True, True, True]
    assert manager.broken() == []


def test_two_plugins_of_one_name_are_both_named(installed: Install) -> None:
    installed(("a", "one-dist", Samplers("s")), ("a", "other-dist", Samplers("t")))
    with pytest.raises(UsageError, match=r"one-dist.*other-dist.*--no-plugin a"):
        create_plugin_manager()
    assert collect_samplers(create_plugin_manager(["a"])) == {}


def test_two_plugins_with_one_sampler_are_both_named(installed: Install) -> None:
    installed(("a", "da", Samplers("s")), ("b", "db", Samplers("s")))
    with pytest.raises(UsageError, match="sampler 's' is registered by two plugins, 'a' and 'b'"):
        collect_samplers(create_plugin_manager())


def test_two_plugins_with_one_model_are_both_named(installed: Install) -> None:
    installed(("a", "da", Models()), ("b", "db", Models()))
    with pytest.raises(UsageError, match="model 'big' is registered by two plugins, 'a' and 'b'"):
        collect_models(create_plugin_manager())
    assert collect_models(create_plugin_manager(["b"])) == {"big": ModelInfo("big", "owner/big")}


def test_a_plugin_whose_hook_crashes_is_named(installed: Install) -> None:
    class Crashing:
        @hookimpl
        def ip2p_register_samplers(self) -> dict[str, object]:
            raise RuntimeError("oops")

    installed(("a", "da", Crashing()))
    with pytest.raises(UsageError, match=r"plugin 'a' failed in ip2p_register_samplers .*oops.*--no-plugin a"):
        collect_samplers(create_plugin_manager())


COLLECT: dict[str, Callable[[PluginManager], object]] = {
    "ip2p_register_samplers": collect_samplers,
    "ip2p_register_models": collect_models,
    "ip2p_register_probes": collect_probes,
    "ip2p_register_data_engines": lambda manager: collect_data_engines(manager, "instructions"),
}


def implementing(hook: str, answer: Callable[[], object]) -> ModuleType:
    """A plugin of one hook."""
    made = ModuleType("made")
    setattr(made, hook, hookimpl(lambda: answer()))
    return made


@pytest.mark.parametrize("hook", COLLECT)
@pytest.mark.parametrize("answer", [lambda: 7, lambda: ["a", "b"], lambda: sys.exit(0)], ids=["7", "names", "exit"])
def test_what_a_plugin_registers_must_make_sense(installed: Install, hook: str, answer: Callable[[], object]) -> None:
    installed(("a", "da", implementing(hook, answer)))
    with pytest.raises(UsageError, match=rf"plugin 'a' failed in {hook} .*--no-plugin a"):
        COLLECT[hook](create_plugin_manager())


@pytest.mark.parametrize("hook", COLLECT)
def test_a_plugin_may_register_nothing(installed: Install, hook: str) -> None:
    installed(("a", "da", implementing(hook, lambda: None)))
    assert COLLECT[hook](create_plugin_manager()) == {}


def test_two_plugins_with_one_probe_or_engine_are_both_named(installed: Install) -> None:
    engine = DataEngine("instructions", lambda options: None)
    for hook, answer in (("ip2p_register_probes", {"x": print}), ("ip2p_register_data_engines", {"x": engine})):
        plugins = [implementing(hook, lambda answer=answer: answer) for _ in range(2)]
        installed(("a", "da", plugins[0]), ("b", "db", plugins[1]))
        with pytest.raises(UsageError, match="'x' is registered by two plugins, 'a' and 'b'"):
            COLLECT[hook](create_plugin_manager())


def test_of_a_plugin_that_does_not_fit_no_hook_is_left(installed: Install) -> None:
    """Else a required check would count as installed, and only half of it would look."""

    class Half:
        @hookimpl
        def ip2p_check_instruction(self, step: object) -> None:
            raise AssertionError

        @hookimpl
        def ip2p_review_result(self, no_such_argument: object) -> None:
            raise AssertionError

    installed(("half", "da", Half()))
    manager = create_plugin_manager()
    assert "no_such_argument" in str(manager.broken()[0].error)
    assert manager.hook.ip2p_check_instruction.get_hookimpls() == []
    with pytest.raises(RecipeError, match="'half' is required, and not installed"):
        require_checks(manager, ["half"])


def test_who_fails_to_listen_is_named_once_and_the_others_are_told(installed: Install) -> None:
    heard: list[object] = []

    class Listens:
        @hookimpl
        def ip2p_training_step_end(self, state: dict[str, object]) -> None:
            heard.append(state["step"])

    failing = implementing("ip2p_training_step_end", lambda: sys.exit("enough"))
    installed(("a", "da", failing), ("b", "db", Listens()))
    manager, deaf = create_plugin_manager(), set[str]()
    said = [tell(manager, "ip2p_training_step_end", deaf, state={"step": step}) for step in (1, 2)]
    [line] = said[0]
    assert "plugin 'a' failed in ip2p_training_step_end (SystemExit: enough)" in line
    assert (said[1], heard) == ([], [1, 2])


def test_commands_are_added_and_a_crash_is_a_warning(installed: Install) -> None:
    installed(("a", "da", Commands("hello")), ("b", "db", Commands("x", fail=True)))
    app = typer.Typer()
    [problem] = register_commands(create_plugin_manager(), app)
    assert "'b'" in problem
    assert command_names(app) == ["hello"]


def test_two_commands_of_one_name_are_an_error(installed: Install) -> None:
    app = typer.Typer()
    app.command("edit")(lambda: None)
    installed(("a", "da", Commands("edit")))
    with pytest.raises(UsageError, match="command 'edit' is registered by two plugins, 'ip2p itself' and 'a'"):
        register_commands(create_plugin_manager(), app)
    installed(("a", "da", Commands("hello")), ("b", "db", Commands("hello")))
    with pytest.raises(UsageError, match=r"'[ab]' and '[ab]'"):
        register_commands(create_plugin_manager(), typer.Typer())
