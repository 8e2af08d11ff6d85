"""The options of `ip2p train`: parse, build the part, run the loop."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ip2p_cli.api import (
    StopRequest,
    UsageError,
    choose_device,
    find_model,
    hooks,
    make_output_folder,
    quiet_libraries,
)

from .config import PARTS, STATE_FOLDER, LoopConfig, TrainConfig, load_config, show_config
from .output import check_free, check_output, state_file

if TYPE_CHECKING:
    import torch

    from .loop import Part


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
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:0 … or mps.")] = "auto",
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

    check_output(output)
    if export and not state_file(output).exists():
        raise UsageError(f"no checkpoint in {output}; train first")
    check_free(output, resume=resume or export)
    with quiet_libraries():
        place = choose_device(device)
        built = _build(part, data, base, settings, output, offline=offline)
        if export:
            from .loop import export as export_part

            _say(f"{output}: weights of step {export_part(built, loop, output)}")
            return
        code = _train(built, part, loop, output, resume=resume, device=place)
    raise typer.Exit(code)


def _build(name: str, data: Path, base: str, settings: TrainConfig, output: Path, *, offline: bool) -> Part:
    """The part to train; what can be seen to be wrong is said before a model is loaded."""
    from .parts import build_part, check_data, find_data

    source = find_data(data, settings.loop.seed)
    check_data(name, source, settings)
    fresh = {"autoencoder": settings.autoencoder.fresh, "text-encoder": settings.text_encoder.fresh}
    alone = fresh.get(name, name in ("clip", "language-model"))
    root = None if alone else _base_folder(base, offline)
    make_output_folder(output / STATE_FOLDER)
    return build_part(name, source, root, settings, output)


def _train(part: Part, name: str, loop: LoopConfig, output: Path, *, resume: bool, device: torch.device) -> int:
    """Train until it is done or a signal comes; the exit code."""
    from .loop import append_log, discard_temporary, train

    plugins, step = hooks(), 0
    with StopRequest(lambda: discard_temporary(output), in_hand="the step in hand") as stop:
        for record in train(part, loop, output, resume=resume, device=device, stopping=lambda: stop.requested):
            append_log(output, record)
            plugins.ip2p_training_step_end(state=record)
            _say(_line(record, loop.max_steps))
            step = record["step"]
    if stop.requested and step < loop.max_steps:
        _say(f"{output}: stopped, the checkpoint is written; the same command with --resume goes on")
    else:
        _say(f"{output}: {name} trained for {loop.max_steps} steps")
    return stop.exit_code if stop.requested else 0


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
