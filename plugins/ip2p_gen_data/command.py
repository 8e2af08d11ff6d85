"""The options of `ip2p gen-data`: parse, plan, run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from ip2p_cli.api import UsageError

from .dataset_commands import export_data, import_data, stats, validate
from .filter_command import filter_pairs
from .instructions.command import finetune_lm, instructions
from .pairs_command import pairs as draw_pairs

PAIRS_PER_SHARD = 500

group = typer.Typer(name="gen-data", invoke_without_command=True)
group.command("instructions")(instructions)
group.command("pairs")(draw_pairs)
group.command("filter")(filter_pairs)
group.command("validate")(validate)
group.command("import")(import_data)
group.command("export")(export_data)
group.command("stats")(stats)
group.command("finetune-lm")(finetune_lm)


@group.callback()
def gen_data(
    context: typer.Context,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the dataset.")] = Path("ip2p-data"),
    engine: Annotated[str, typer.Option(help="How pairs are made: compose (looks applied to photos).")] = "compose",
    captions: Annotated[
        Path | None, typer.Option(help="Captions to start from, for engines that do; compose starts from photos.")
    ] = None,
    photos: Annotated[
        Path | None, typer.Option(help="Folder of photos (read recursively); without it, procedural scenes only.")
    ] = None,
    pairs: Annotated[int, typer.Option("--pairs", "-n", min=1, help="How many pairs to make.")] = 2000,
    size: Annotated[int, typer.Option(min=64, help="Side of the square pictures, in pixels.")] = 256,
    seed: Annotated[int, typer.Option(help="One seed makes the same dataset again.")] = 0,
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0 means one a core.")] = 0,
) -> None:
    """Make (photo, instruction, edited photo) pairs in Parquet shards; the same command again goes on."""
    if context.invoked_subcommand is not None:
        _refuse_options_before(context)
        return
    if engine != "compose":
        raise UsageError(f"unknown engine {engine!r}; there is: compose")
    if captions is not None:
        raise UsageError("--engine compose starts from photos; leave out --captions, or see gen-data instructions")
    if photos is not None and not photos.is_dir():
        raise UsageError(f"{photos} is not a folder of photos; give one that holds some, or leave out --photos")
    from .compose.engine import ComposeConfig, find_photos
    from .generate import generate

    found = find_photos(photos) if photos else []
    if photos is not None and not found:
        raise UsageError(f"{photos} holds no photos (.jpg .png .webp .tif .avif)")
    config = ComposeConfig(size=size, seed=seed)
    shards = generate(output, found, config, pairs, PAIRS_PER_SHARD, workers or os.cpu_count() or 1)
    typer.echo(f"{output}: {pairs} pairs in {shards} shards", err=True)


def _refuse_options_before(context: typer.Context) -> None:
    """An option before the stage's name would be read and do nothing."""
    for option in context.command.params:
        source = context.get_parameter_source(option.name or "")
        if source is not None and source.name == "COMMANDLINE":
            raise UsageError(
                f"{option.opts[0]} stands before {context.invoked_subcommand!r}, where it does nothing; put it after"
            )
