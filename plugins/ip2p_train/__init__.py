"""`ip2p train`: trains the parts of an editor, one loop for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ip2p_cli.api import hookimpl

if TYPE_CHECKING:
    import typer


@hookimpl
def ip2p_register_commands(app: typer.Typer) -> None:
    """Add `ip2p train`."""
    from .command import train

    app.command("train")(train)
