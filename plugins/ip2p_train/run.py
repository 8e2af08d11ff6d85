"""One run of `ip2p train`, from what was asked for to an exit code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ip2p_cli.api import (
    StopRequest,
    UsageError,
    choose_device,
    find_model,
    make_output_folder,
    models,
    notifier,
    quiet_libraries,
)

from .checkpoints import discard_temporary
from .config import TrainConfig
from .logs import open_logs
from .loop import export, train
from .names import STATE_FOLDER
from .output import check_cache, check_free, check_output, state_file
from .parts import Built, Setting, build_part, check_data, find_data
from .processes import Processes, joined, main_first

WORLD, MINI = "world", "mini"  # what an editor starts from where nothing is said, the first of them that is here


@dataclass(frozen=True)
class Request:
    """What the command line says."""

    part: str
    data: Path
    output: Path
    base: str | None
    settings: TrainConfig
    resume: bool
    export: bool
    cache: Path | None
    log: str
    device: str
    offline: bool


def run(request: Request, say: Callable[[str], None]) -> int:
    """Train, or export; the exit code.

    Raises:
        Ip2pError: it cannot be done, or the environment stopped it.
    """
    check_output(request.output)
    check_cache(request.cache)
    if request.export and not state_file(request.output).exists():
        raise UsageError(f"no checkpoint in {request.output}; train first")
    with quiet_libraries(), joined(choose_device(request.device)) as (processes, device):
        if processes.is_main:
            check_free(request.output, resume=request.resume or request.export)
        speak = say if processes.is_main else _silence
        if processes.count > 1:
            speak(f"training in {processes.count} processes")
        built = _build(request, device, processes, speak)
        if request.export:
            speak(f"{request.output}: weights of step {export(built.part, request.settings.loop, request.output)}")
            return 0
        return _train(built, request, device, processes, speak)


def _build(request: Request, device: torch.device, processes: Processes, say: Callable[[str], None]) -> Built:
    """The part to train; what can be seen to be wrong is said before a model is loaded."""
    settings = request.settings
    source = find_data(request.data, settings.loop.seed)
    check_data(request.part, source, settings)
    root = _base(request, say)
    make_output_folder(request.output / STATE_FOLDER)
    with main_first(processes):  # the others find all of the dataset in the cache
        return build_part(
            request.part, source, root, settings, Setting(request.output, request.cache, device, request.offline)
        )


def _base(request: Request, say: Callable[[str], None]) -> Path | None:
    settings, name = request.settings, request.base
    fresh = {"autoencoder": settings.autoencoder.fresh, "text-encoder": settings.text_encoder.fresh}
    if fresh.get(request.part, request.part in ("clip", "language-model")):
        return None
    if name is None and request.part == "editor":
        name = settings.editor.base or _default_base(say)
    name = name or MINI
    # A folder is taken as it is: freshly trained parts have no model_index.json yet.
    return Path(name) if (Path(name) / "vae").is_dir() else find_model(name, offline=request.offline)


def _default_base(say: Callable[[str], None]) -> str:
    if WORLD in models():
        return WORLD
    say(f"this installation has no text-to-image model {WORLD!r}: going on from {MINI} (--base names another)")
    return MINI


def _train(
    built: Built, request: Request, device: torch.device, processes: Processes, say: Callable[[str], None]
) -> int:
    """Train until it is done or a signal comes; the exit code."""
    loop, output, step = request.settings.loop, request.output, 0
    tell = notifier("ip2p_training_step_end")
    logs = open_logs(output, request.log) if processes.is_main else []
    with StopRequest(
        lambda: discard_temporary(output), quiet=not processes.is_main, in_hand="the step in hand"
    ) as stop:
        records = train(
            built.part,
            loop,
            output,
            resume=request.resume,
            device=device,
            stopping=lambda: stop.requested,
            processes=processes,
            validation=built.validation,
        )
        for record in records:
            step = record["step"]
            for log in logs:
                log.add(record)
            if processes.is_main:
                for problem in tell(state=dict(record)):  # a copy: a plugin reads it and does not write the log
                    say(f"warning: {problem}")
            say(_line(record, loop.max_steps))
    if stop.requested and step < loop.max_steps:
        say(f"{output}: stopped, the checkpoint is written; the same command with --resume goes on")
    elif not step:
        say(f"{output}: nothing left to do: its checkpoint has {loop.max_steps} steps or more (--max-steps)")
    else:
        say(f"{output}: {request.part} trained for {step} steps")
    return stop.exit_code if stop.requested else 0


def _line(record: dict[str, Any], total: int) -> str:
    tried = f"  validation {record['validation_loss']:.4f}" if "validation_loss" in record else ""
    return (
        f"step {record['step']}/{total}  loss {record['loss']:.4f}{tried}  "
        f"{record['samples_per_second']:.1f} samples/s  {record['eta_seconds'] / 60:.0f} min left"
    )


def _silence(text: str) -> None:
    """What another process has said already."""
