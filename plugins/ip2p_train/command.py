"""The options of `ip2p train`: parse, build the part, run the loop."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ip2p_cli.api import UsageError, find_model, hooks

from .config import PARTS, load_config, show_config


def train(
    data: Annotated[
        Path,
        typer.Argument(help="Dataset made by gen-data (autoencoder: photos will do), or `world`, which is drawn."),
    ] = Path("ip2p-data"),
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the result.")] = Path("ip2p-model"),
    part: Annotated[str, typer.Option(help=f"What to train: {', '.join(PARTS)}.")] = "editor",
    base: Annotated[str, typer.Option(help="Checkpoint to start from: a name, a folder or a hub id.")] = "mini",
    config: Annotated[Path | None, typer.Option(help="TOML file of settings.")] = None,
    max_steps: Annotated[int | None, typer.Option(min=1, help="Optimiser steps in all.")] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Samples a step.")] = None,
    seed: Annotated[int | None, typer.Option(help="One seed makes the same run again.")] = None,
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint, where there is one.")] = False,
    export: Annotated[bool, typer.Option(help="Only write the last checkpoint's EMA weights to the output.")] = False,
    device: Annotated[str, typer.Option(help="cpu, cuda or mps.")] = "cpu",
    offline: Annotated[bool, typer.Option(help="Never ask the network.")] = False,
    print_config: Annotated[bool, typer.Option(help="Print all settings as TOML and stop.")] = False,
) -> None:
    """Train a part of an editor on a dataset; the result is a checkpoint folder that `--model` takes.

    On drawn data, the models that gen-data works with: text-to-image, clip, language-model.
    """
    if part not in PARTS:
        raise UsageError(f"unknown part {part!r}; there are: {', '.join(PARTS)}")
    settings = load_config(config)
    given: dict[str, Any] = {"max_steps": max_steps, "batch_size": batch_size, "seed": seed}
    loop = dataclasses.replace(settings.loop, **{name: value for name, value in given.items() if value is not None})
    settings = dataclasses.replace(settings, loop=loop)
    if print_config:
        print(show_config(settings))
        return

    from .loop import STATE_FOLDER, append_log
    from .loop import export as export_part
    from .loop import train as run
    from .parts import build_part, find_data

    source = find_data(data, loop.seed)
    if (output / STATE_FOLDER / "state.pt").exists() and not (resume or export):
        raise UsageError(f"{output} holds a run already; go on with --resume, or choose another -o")
    fresh = {"autoencoder": settings.autoencoder.fresh, "text-encoder": settings.text_encoder.fresh}
    alone = fresh.get(part, part in ("clip", "language-model"))
    root = None if alone else _base_folder(base, offline)
    built = build_part(part, source, root, settings, output)
    (output / STATE_FOLDER).mkdir(parents=True, exist_ok=True)
    if export:
        step = export_part(built, loop, output)
        _say(f"{output}: weights of step {step}")
        return
    plugins = hooks()
    for record in run(built, loop, output, resume=resume, device=device):
        append_log(output, record)
        plugins.ip2p_training_step_end(state=record)
        _say(_line(record, loop.max_steps))
    _say(f"{output}: {part} trained for {loop.max_steps} steps")


def _base_folder(base: str, offline: bool) -> Path:
    """A folder is taken as it is: freshly trained parts have no model_index.json yet."""
    return Path(base) if (Path(base) / "vae").is_dir() else find_model(base, offline=offline)


def _line(record: dict[str, Any], total: int) -> str:
    minutes = record["eta_seconds"] / 60
    return (
        f"step {record['step']}/{total}  loss {record['loss']:.4f}  "
        f"{record['samples_per_second']:.1f} samples/s  {minutes:.0f} min left"
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
