"""`ip2p models`: list, info, pull, convert."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ip2p_cli.model_info import CheckpointInfo
    from ip2p_cli.types import ModelInfo

app = typer.Typer(name="models", help="Name, inspect, fetch and convert checkpoints.", no_args_is_help=True)


@app.command("list")
def list_models(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Every name that --model takes: licence, native size, where it is, and whether it is on this machine."""
    from ip2p_cli.models import find_locally, known_models

    rows = [(model, find_locally(model)) for model in known_models(_registered()).values()]
    if as_json:
        for model, folder in rows:
            typer.echo(json.dumps(asdict(model) | {"present": folder is not None}))
        return
    table = [_row(model, folder) for model, folder in rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    for row in table:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@app.command()
def info(
    model: Annotated[str, typer.Argument(metavar="NAME|FOLDER", help="A name, a folder, or a hub id in the cache.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """What a checkpoint consists of, its own defaults and its licence. Loads no weights, asks no network."""
    from ip2p_cli.model_info import describe
    from ip2p_cli.models import known_models, resolve_model

    registered = _registered()
    folder = resolve_model(model, registered, offline=True)
    known = {name: found for named in known_models(registered).values() for name, found in _handles(named)}
    found = describe(folder, known[model].licence if model in known else "unknown")
    typer.echo(json.dumps(_as_data(found)) if as_json else _as_text(found))


@app.command()
def pull(model: Annotated[str, typer.Argument(metavar="ID", help="A hub id (owner/name) or the name of one.")]) -> None:
    """Fetch a hub model ahead, so that later runs need no network. Prints its folder."""
    from ip2p_cli.models import pull_model

    typer.echo(pull_model(model, _registered()))


@app.command()
def convert(
    source: Annotated[
        Path, typer.Argument(metavar="FILE", help="A .ckpt/.safetensors file, or a folder of .bin weights.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="The folder to make; must not exist.")],
    tokenizer: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder with vocab.json and merges.txt.")
    ] = None,
    ema: Annotated[bool, typer.Option("--ema", help="Take the U-Net's averaged (EMA) weights.")] = False,
    licence: Annotated[str | None, typer.Option(help="Licence to note in the new folder.")] = None,
) -> None:
    """Convert a pickled or original-layout checkpoint to safetensors, running nothing in it. Prints the new folder."""
    from ip2p_cli.convert import convert_checkpoint

    typer.echo(f"converting {source} (minutes, for one of gigabytes)", err=True)
    typer.echo(convert_checkpoint(source, output, tokenizer=tokenizer, ema=ema, licence=licence))


def _registered() -> dict[str, ModelInfo]:
    from ip2p_cli.plugin_manager import collect_models, create_plugin_manager

    return collect_models(create_plugin_manager())


def _handles(model: ModelInfo) -> list[tuple[str, ModelInfo]]:
    """What a person may call a registered model: its name, or where it is."""
    return [(model.name, model), (model.location, model)]


def _row(model: ModelInfo, folder: Path | None) -> list[str]:
    size = f"{model.native_size} px" if model.native_size else "-"
    return [model.name, model.licence, size, model.location, "present" if folder else "not here"]


def _as_data(found: CheckpointInfo) -> dict[str, object]:
    own = {"defaults": {**found.defaults}, "advised_steps": {**found.advised_steps}}
    return asdict(found) | {"folder": str(found.folder), "parameters": found.parameters} | own


def _as_text(found: CheckpointInfo) -> str:
    lines = [f"{found.folder}"]
    for part in found.parts:
        size = f"{part.parameters:,} parameters, {part.size / 1e6:.1f} MB, {part.dtype}" if part.parameters else ""
        lines.append(f"  {part.name:13} {part.kind:25} {size}".rstrip())
    lines.append(f"  {'total':13} {'':25} {found.parameters:,} parameters")
    size = f"{found.native_size} px" if found.native_size else "unknown"
    lines += [f"native size: {size}", f"prediction type: {found.prediction_type}", f"licence: {found.licence}"]
    own = {name: value for name, value in found.defaults.items() if name not in ("licence", "native_size")}
    lines.append("defaults: " + (", ".join(f"{name} {value}" for name, value in own.items()) or "none of its own"))
    if found.advised_steps:
        advised = ", ".join(f"{name} {steps}" for name, steps in found.advised_steps.items())
        lines.append(f"steps that were measured to be enough: {advised}")
    return "\n".join(lines)
