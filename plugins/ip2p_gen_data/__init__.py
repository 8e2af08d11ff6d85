"""`ip2p gen-data`: makes the training pairs of an editor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ip2p_cli.api import hookimpl

if TYPE_CHECKING:
    import typer


@hookimpl
def ip2p_register_commands(app: typer.Typer) -> None:
    """Add `ip2p gen-data`."""
    from .command import gen_data

    app.command("gen-data")(gen_data)
