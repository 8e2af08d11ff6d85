"""The options of `ip2p gen-data`: parse, plan, run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ip2p_cli.api import UsageError, find_photos

from .dataset_commands import export_data, import_data, stats, validate
from .filter_command import filter_pairs
from .instructions.command import finetune_lm, instructions
from .pairs_command import pairs as draw_pairs
from .world.shipped import WORLD, are_shipped

if TYPE_CHECKING:
    from .generate import PairMaker

PAIRS_PER_SHARD = 500

OPTIONS_OF = {
    "p2p": {"captions", "limit", "lm_model", "model", "clip", "device", "offline"},
    "compose": {"photos", "cutouts", "from_pairs", "instruction", "pairs", "size", "workers"},
}

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
    engine: Annotated[
        str | None,
        typer.Option(
            help="p2p (captions to pictures, by models) or compose (photos; what --photos and the like mean)."
        ),
    ] = None,
    captions: Annotated[str, typer.Option(help="p2p: as for `gen-data instructions`.")] = WORLD,
    limit: Annotated[int | None, typer.Option(min=1, help="p2p: take the first N captions only.")] = None,
    lm_model: Annotated[str, typer.Option(help="p2p: the language model, as for `gen-data instructions`.")] = WORLD,
    model: Annotated[str, typer.Option(help="p2p: the text-to-image model, as for `gen-data pairs`.")] = WORLD,
    clip: Annotated[str, typer.Option(help="p2p: CLIP, as for `gen-data filter`.")] = WORLD,
    device: Annotated[str, typer.Option(help="p2p: auto, cpu, cuda, cuda:0 … or mps.")] = "auto",
    offline: Annotated[bool, typer.Option(help="p2p: never ask the network.")] = False,
    photos: Annotated[
        Path | None, typer.Option(help="compose: folder of photos, read recursively (default: procedural scenes).")
    ] = None,
    cutouts: Annotated[
        Path | None, typer.Option(help="compose: folder of pictures with alpha, named by what they show, to add.")
    ] = None,
    from_pairs: Annotated[
        tuple[Path, Path] | None,
        typer.Option(help="compose: your own photos before and after an edit.", metavar="BEFORE AFTER"),
    ] = None,
    instruction: Annotated[
        list[str] | None, typer.Option("--instruction", "-i", help="--from-pairs: what the edit is called; repeats.")
    ] = None,
    pairs: Annotated[int, typer.Option("--pairs", "-n", min=1, help="compose: how many pairs to make.")] = 2000,
    size: Annotated[int, typer.Option(min=64, help="compose: side of the square pictures, in pixels.")] = 256,
    seed: Annotated[int, typer.Option(help="One seed makes the same dataset again.")] = 0,
    workers: Annotated[int, typer.Option(min=0, help="compose: processes; 0 means one a core.")] = 0,
) -> None:
    """Make (photo, instruction, edited photo) pairs in Parquet shards; the same command again goes on.

    With --engine p2p the paper's three stages run: a language model writes instructions for captions, Prompt-to-Prompt
    draws pictures, CLIP keeps the good ones. That is the default without photos, where there are models for it.
    """
    if context.invoked_subcommand is not None:
        _refuse_options_before(context)
        return
    has_models = are_shipped() or WORLD not in (lm_model, model, clip)
    chosen = engine or ("compose" if photos or cutouts or from_pairs or not has_models else "p2p")
    if chosen not in ("p2p", "compose"):
        raise UsageError(f"unknown engine {engine!r}; there are: p2p, compose")
    _refuse_options_of("compose" if chosen == "p2p" else "p2p", context)
    if chosen == "p2p":
        instructions(captions, output, None, limit, lm_model=lm_model, seed=seed, device=device, offline=offline)
        draw_pairs(output, model=model, seed=seed, device=device, offline=offline)
        filter_pairs(output, clip=clip, device=device, offline=offline)
        return
    if from_pairs is None and instruction:
        raise UsageError("--instruction names the edit of --from-pairs BEFORE AFTER; give both, or leave it out")
    from .generate import generate

    maker = (
        _looks(photos, cutouts, size, seed)
        if from_pairs is None
        else _own_pairs(from_pairs, tuple(instruction or ()), photos or cutouts, size, seed)
    )
    shards = generate(output, maker, pairs, PAIRS_PER_SHARD, workers or os.cpu_count() or 1)
    typer.echo(f"{output}: {pairs} pairs in {shards} shards", err=True)


def _refuse_options_of(engine: str, context: typer.Context) -> None:
    """An option of the other engine would be read and do nothing."""
    for option in context.command.params:
        if option.name in OPTIONS_OF[engine] and _is_given(option, context):
            raise UsageError(f"{option.opts[0]} is an option of --engine {engine}; leave it out, or choose that engine")


def _looks(photos: Path | None, cutouts: Path | None, size: int, seed: int) -> PairMaker:
    from .compose.cutouts import find_cutouts
    from .compose.engine import ComposeConfig, ComposeEngine

    found = find_photos(photos, recurse=True) if photos else []
    pieces, opaque = find_cutouts(cutouts) if cutouts else ([], [])
    if opaque:
        typer.echo(f"{len(opaque)} pictures have no transparent part and are left out, {opaque[0]} first", err=True)
    return ComposeEngine(tuple(found), tuple(pieces), ComposeConfig(size=size, seed=seed))


def _own_pairs(
    folders: tuple[Path, Path], instructions: tuple[str, ...], also: Path | None, size: int, seed: int
) -> PairMaker:
    from .compose.own_pairs import OwnPairs, match

    if also is not None:
        raise UsageError(f"--from-pairs makes all pairs; leave out {also}, or make a dataset of its own from it")
    if not instructions:
        raise UsageError("--from-pairs needs --instruction: what the edit is called (repeat it for other wordings)")
    found, alone = match(*folders)
    if alone:
        typer.echo(f"{len(alone)} photos have no partner and are left out, {alone[0]} first", err=True)
    return OwnPairs(tuple(found), instructions, size, seed)


def _refuse_options_before(context: typer.Context) -> None:
    """An option before the stage's name would be read and do nothing."""
    for option in context.command.params:
        if _is_given(option, context):
            raise UsageError(
                f"{option.opts[0]} stands before {context.invoked_subcommand!r}, where it does nothing; put it after"
            )


def _is_given(option: Any, context: typer.Context) -> bool:
    source = context.get_parameter_source(option.name)
    return source is not None and source.name == "COMMANDLINE"
