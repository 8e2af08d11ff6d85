"""Makes the plugin manager: entry points are loaded one by one, and a broken plugin is named, not fatal."""

from __future__ import annotations

import functools
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from ip2p_cli import hookspecs
from ip2p_cli.data_engines import DataEngine
from ip2p_cli.errors import UsageError
from ip2p_cli.suggest import did_you_mean
from ip2p_cli.types import ModelInfo

if TYPE_CHECKING:
    import typer

GROUP = "ip2p"
DISABLED_VARIABLE = "IP2P_NO_PLUGIN"  # comma-separated names, off in this process and in those it starts
T = TypeVar("T")


@dataclass(frozen=True)
class PluginInfo:
    """One entry point of group `ip2p`, loaded or not."""

    name: str
    distribution: str
    version: str
    hooks: tuple[str, ...] = ()
    error: str | None = None
    disabled: bool = False


class PluginManager(pluggy.PluginManager):
    """pluggy's manager that also remembers what became of each entry point."""

    def __init__(self) -> None:
        super().__init__(hookspecs.PROJECT)
        self.add_hookspecs(hookspecs)
        self.plugins: list[PluginInfo] = []

    def broken(self) -> list[PluginInfo]:
        """The plugins that could not be loaded."""
        return [plugin for plugin in self.plugins if plugin.error is not None]


def disabled_by_environment() -> frozenset[str]:
    """The plugin names switched off by IP2P_NO_PLUGIN."""
    return frozenset(name.strip() for name in os.environ.get(DISABLED_VARIABLE, "").split(",") if name.strip())


def create_plugin_manager(disabled: Collection[str] = ()) -> PluginManager:
    """Load every plugin but those in `disabled` or IP2P_NO_PLUGIN.

    Raises:
        UsageError: two distributions register one plugin name.
    """
    manager = PluginManager()
    off = {*disabled, *disabled_by_environment()}
    seen: dict[str, PluginInfo] = {}
    for entry_point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        info = _describe(entry_point)
        if entry_point.name in off:
            info = replace(info, disabled=True)
        elif entry_point.name in seen:
            raise UsageError(
                f"two plugins are named {info.name!r}: one of {seen[info.name].distribution}, one of "
                f"{info.distribution}; uninstall one, or switch both off with --no-plugin {info.name}"
            )
        else:
            info = _load(manager, entry_point, info)
            seen[info.name] = info
        manager.plugins.append(info)
    return manager


def _describe(entry_point: EntryPoint) -> PluginInfo:
    dist = entry_point.dist
    return PluginInfo(entry_point.name, dist.name if dist else "unknown", dist.version if dist else "unknown")


def _load(manager: PluginManager, entry_point: EntryPoint, info: PluginInfo) -> PluginInfo:
    try:
        plugin = entry_point.load()
        manager.register(plugin, name=entry_point.name)
    except (Exception, SystemExit) as problem:
        if manager.has_plugin(entry_point.name):  # of a plugin that pluggy took half of, none of the hooks may be left
            manager.unregister(name=entry_point.name)
        return replace(info, error=f"{type(problem).__name__}: {' '.join(str(problem).split())}")
    callers = manager.get_hookcallers(plugin) or []
    for caller in callers:
        if caller.spec is None and any(
            impl.plugin is plugin and not impl.optionalhook for impl in caller.get_hookimpls()
        ):
            # A misspelt check would otherwise never run, and nobody would know.
            manager.unregister(plugin)
            return replace(info, error=f"no hook is named {caller.name!r}; {did_you_mean(caller.name, hook_names())}")
    return replace(info, hooks=tuple(sorted(caller.name for caller in callers)))


def hook_names() -> list[str]:
    """The names of all hooks."""
    return sorted(name for name in vars(hookspecs) if name.startswith("ip2p_"))


def each_call(manager: pluggy.PluginManager, hook: str, **arguments: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    """(plugin name, its implementation with the arguments bound), in the order of the plugins' names.

    One by one, not through the hook itself, so that a failure can be laid at the right plugin's door.
    """
    for impl in getattr(manager.hook, hook).get_hookimpls():
        if not (impl.wrapper or impl.hookwrapper):
            bound = {name: arguments[name] for name in impl.argnames}
            yield impl.plugin_name, functools.partial(impl.function, **bound)


def tell(manager: pluggy.PluginManager, hook: str, deaf: set[str], **arguments: Any) -> list[str]:
    """Call a hook that returns nothing; give back one line for each plugin that fails.

    Those are put into `deaf`, and what is in there is not called: nobody wants to read the same line a thousand times.
    """
    problems = []
    for plugin, call in each_call(manager, hook, **arguments):
        if plugin in deaf:
            continue
        try:
            call()
        except (Exception, SystemExit) as problem:
            deaf.add(plugin)
            problems.append(
                f"plugin {plugin!r} failed in {hook} ({type(problem).__name__}: {problem}), and is not called any more"
            )
    return problems


def _collect(
    manager: pluggy.PluginManager, hook: str, named: Callable[[Any], Mapping[str, T]] = dict
) -> Iterator[tuple[str, Mapping[str, T]]]:
    """(plugin name, what it registers by name); `named` makes the second of what the hook returns. None is nothing."""
    for plugin, call in each_call(manager, hook):
        try:
            found = call()
            yield plugin, {} if found is None else named(found)
        except (Exception, SystemExit) as problem:
            raise UsageError(
                f"plugin {plugin!r} failed in {hook} ({type(problem).__name__}: {problem}); "
                f"switch it off with --no-plugin {plugin}"
            ) from problem


def _merge(kind: str, contributions: Iterable[tuple[str, Mapping[str, T]]]) -> dict[str, T]:
    merged: dict[str, T] = {}
    owner: dict[str, str] = {}
    for plugin, mapping in contributions:
        for name, value in mapping.items():
            if name in merged:
                raise UsageError(
                    f"{kind} {name!r} is registered by two plugins, {owner[name]!r} and {plugin!r}; "
                    f"switch one off with --no-plugin {plugin}"
                )
            merged[name], owner[name] = value, plugin
    return merged


def collect_samplers(manager: pluggy.PluginManager) -> dict[str, hookspecs.SamplerFactory]:
    """Sampler name -> factory, of all plugins.

    Raises:
        UsageError: two plugins register one name (both are named), or a plugin's hook fails.
    """
    return _merge("sampler", _collect(manager, "ip2p_register_samplers"))


def collect_models(manager: pluggy.PluginManager) -> dict[str, ModelInfo]:
    """Model name -> what is known of it, of all plugins.

    Raises:
        UsageError: two plugins register one name (both are named), or a plugin's hook fails.
    """
    found = _collect(manager, "ip2p_register_models", lambda models: {model.name: model for model in models})
    return _merge("model", found)


def collect_data_engines(manager: pluggy.PluginManager, stage: str) -> dict[str, DataEngine]:
    """Engine name -> engine of one stage of `gen-data`, of all plugins.

    Raises:
        UsageError: two plugins register one name (both are named), or a plugin's hook fails.
    """

    def of_stage(engines: Mapping[str, DataEngine]) -> Mapping[str, DataEngine]:
        return {name: engine for name, engine in engines.items() if engine.stage == stage}

    return _merge(f"{stage} engine", _collect(manager, "ip2p_register_data_engines", of_stage))


def collect_probes(manager: pluggy.PluginManager) -> dict[str, hookspecs.Probe]:
    """Probe name -> probe, of all plugins.

    Raises:
        UsageError: two plugins register one name (both are named), or a plugin's hook fails.
    """
    return _merge("probe", _collect(manager, "ip2p_register_probes"))


def register_commands(manager: pluggy.PluginManager, app: typer.Typer) -> list[str]:
    """Let each plugin add its commands; give back one line for each plugin that failed to.

    Raises:
        UsageError: a plugin's command has the name of another one.
    """
    problems = []
    known = Counter(command_names(app))
    owner = dict.fromkeys(known, "ip2p itself")
    for plugin, call in each_call(manager, "ip2p_register_commands", app=app):
        try:
            call()
        except (Exception, SystemExit) as problem:
            problems.append(f"plugin {plugin!r} cannot add its commands ({type(problem).__name__}: {problem})")
        now = Counter(command_names(app))
        for name in now - known:
            if name in owner:
                raise UsageError(
                    f"command {name!r} is registered by two plugins, {owner[name]!r} and {plugin!r}; "
                    f"switch one off with --no-plugin {plugin}"
                )
            owner[name] = plugin
        known = now
    return problems


def command_names(app: typer.Typer) -> list[str]:
    """Names of the app's commands and groups, doubled ones included."""
    from typer.main import get_command_name, solve_typer_info_defaults

    commands = [c.name or get_command_name(getattr(c.callback, "__name__", "")) for c in app.registered_commands]
    return [*commands, *(solve_typer_info_defaults(group).name or "" for group in app.registered_groups)]
