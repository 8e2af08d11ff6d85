"""`ip2p gen-data`: makes the training pairs of an editor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ip2p_cli.api import DataEngine, ModelInfo, hookimpl

if TYPE_CHECKING:
    import typer


@hookimpl
def ip2p_register_commands(app: typer.Typer) -> None:
    """Add `ip2p gen-data` and its stages."""
    from .command import group

    app.add_typer(group)


@hookimpl
def ip2p_register_models() -> list[ModelInfo]:
    """The world's text-to-image model, where this installation has it: what `ip2p train` starts an editor from."""
    from .world.shipped import text_to_image

    return text_to_image()


@hookimpl
def ip2p_register_data_engines() -> Mapping[str, DataEngine]:
    """The engines of the instruction stage, and the world to train on."""
    from .instructions.engines import ENGINES
    from .world.training import ENGINE

    return {**ENGINES, "world": ENGINE}
