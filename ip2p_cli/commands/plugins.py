"""`ip2p plugins`: what is plugged in."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from ip2p_cli.plugin_manager import PluginInfo, create_plugin_manager


def plugins(as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False) -> None:
    """List plugins: name, distribution, version, hooks, errors."""
    found = create_plugin_manager().plugins
    width = max([12, *(len(plugin.name) for plugin in found)])
    for plugin in found:
        typer.echo(json.dumps(asdict(plugin)) if as_json else _line(plugin, width))


def _line(plugin: PluginInfo, width: int) -> str:
    hooks = ", ".join(plugin.hooks) or "no hooks"
    state = "off (--no-plugin)" if plugin.disabled else f"BROKEN: {plugin.error}" if plugin.error else hooks
    return f"{plugin.name:{width}}  {plugin.distribution} {plugin.version}  {state}"
