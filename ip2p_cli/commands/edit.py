"""`ip2p edit`: instructions from the command line."""

from __future__ import annotations

from typing import Annotated

import typer

from ip2p_cli.commands.options import EditOptions, ModelOptions, OutputOptions, RunOptions, SourceOptions, grouped


@grouped
def edit(
    source: SourceOptions,
    edit: EditOptions,
    model: ModelOptions,
    output: OutputOptions,
    run: RunOptions,
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCES", help="Files, folders, globs, or - for stdin.")
    ] = None,
    instruction: Annotated[
        list[str] | None,
        typer.Option(
            "--instruction", "-i", metavar="TEXT", help="What to do. Repeat it for a chain.", rich_help_panel="The edit"
        ),
    ] = None,
) -> None:
    """Edit photos by written instruction.

    ip2p edit photos/ -i "make it night" -i "add snow" -o night/
    """
    from ip2p_cli.commands.running import run_request  # here, as `ip2p --help` can do without it
    from ip2p_cli.commands.work import Request
    from ip2p_cli.recipe import Recipe, from_instructions

    needs_instruction = source.jobs is None or instruction
    recipe = from_instructions(instruction or ()) if needs_instruction else Recipe(())
    raise typer.Exit(run_request(Request(recipe, sources or (), source, edit, model, output, run)))
