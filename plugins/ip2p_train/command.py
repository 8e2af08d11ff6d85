"""The options of `ip2p train`: parse, build the part, run the loop."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ip2p_cli.api import UsageError

from .logs import KINDS
from .names import PARTS

if TYPE_CHECKING:
    from .config import TrainConfig


def train(
    data: Annotated[
        Path,
        typer.Argument(help="Dataset made by gen-data (autoencoder: photos will do), or `world`, which is drawn."),
    ] = Path("ip2p-data"),
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the result.")] = Path("ip2p-model"),
    part: Annotated[str, typer.Option(help=f"What to train: {', '.join(PARTS)}.")] = "editor",
    base: Annotated[
        str | None,
        typer.Option(
            help="Checkpoint to start from, text-to-image or editor: a name, a folder or a hub id. (default: for an "
            "editor the config's, or world where it is installed; else mini)"
        ),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="TOML file of settings, or a shipped one's name: paper, mini-editor …")
    ] = None,
    lora: Annotated[
        int | None, typer.Option(min=1, metavar="RANK", help="Train a LoRA of that rank, for `ip2p edit --lora`.")
    ] = None,
    max_steps: Annotated[int | None, typer.Option(min=1, help="Optimiser steps in all.")] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Samples a step, of all processes together.")] = None,
    seed: Annotated[int | None, typer.Option(help="One seed makes the same run again.")] = None,
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint, where there is one.")] = False,
    export: Annotated[bool, typer.Option(help="Only write the last checkpoint's EMA weights to the output.")] = False,
    cache: Annotated[
        Path | None,
        typer.Option(help="Folder of latents and text states, to share between runs. (default: the run's own)"),
    ] = None,
    log: Annotated[str, typer.Option(metavar="|".join(KINDS), help="Where figures go, besides log.jsonl.")] = "jsonl",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:0 … or mps.")] = "auto",
    offline: Annotated[bool, typer.Option(help="Never ask the network.")] = False,
    print_config: Annotated[bool, typer.Option(help="Print all settings as TOML and stop.")] = False,
) -> None:
    """Train a part of an editor on a dataset; the result is a checkpoint folder that `--model` takes.

    On drawn data, the models that gen-data works with: text-to-image, clip, language-model. Several processes:
    `accelerate launch -m ip2p_cli train …`.
    """
    from .config_file import load_config, show_config
    from .settings_check import check_settings

    if part not in PARTS:
        raise UsageError(f"unknown part {part!r}; there are: {', '.join(PARTS)}")
    if log not in KINDS:
        raise UsageError(f"unknown --log {log!r}; there are: {', '.join(KINDS)}")
    if lora is not None and part != "editor":
        raise UsageError("--lora trains an adapter of an editor; leave it out, or leave --part out")
    settings = _with_options(load_config(config), lora, max_steps=max_steps, batch_size=batch_size, seed=seed)
    check_settings(settings)
    if print_config:
        print(show_config(settings))
        return
    from .run import Request, run

    request = Request(part, data, output, base, settings, resume, export, cache, log, device, offline)
    raise typer.Exit(run(request, say=_say))


def _with_options(settings: TrainConfig, lora: int | None, **given: Any) -> TrainConfig:
    loop = dataclasses.replace(settings.loop, **{name: value for name, value in given.items() if value is not None})
    adapter = settings.lora if lora is None else dataclasses.replace(settings.lora, rank=lora)
    return dataclasses.replace(settings, loop=loop, lora=adapter)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
