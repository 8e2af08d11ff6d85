"""`ip2p apply`: instructions from a recipe."""

from __future__ import annotations

from typing import Annotated

import typer

from ip2p_cli.commands.options import EditOptions, ModelOptions, OutputOptions, RunOptions, SourceOptions, grouped
from ip2p_cli.errors import UsageError


@grouped
def apply(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="A .toml file, or a name from `ip2p recipes list`.")],
    source: SourceOptions,
    edit: EditOptions,
    model: ModelOptions,
    output: OutputOptions,
    run: RunOptions,
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="SOURCES", help="Files, folders, globs, or -. (default: the recipe's own)"),
    ] = None,
    variables: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Set a variable of the recipe.", rich_help_panel="The edit"),
    ] = None,
) -> None:
    """Apply a recipe to photos.

    ip2p apply golden-hour photos/ --set light="soft amber light"
    """
    from ip2p_cli.commands.running import run_request  # here, as `ip2p --help` can do without it
    from ip2p_cli.commands.work import Request
    from ip2p_cli.recipe_files import load_recipe

    loaded = load_recipe(recipe).with_variables(_pairs(variables or ()))
    raise typer.Exit(run_request(Request(loaded, sources or (), source, edit, model, output, run)))


def _pairs(given: list[str] | tuple[()]) -> dict[str, str]:
    pairs = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"--set {text}: write NAME=VALUE, as in --set what=rainbow")
        pairs[name] = value
    return pairs
