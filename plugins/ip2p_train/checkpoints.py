"""A run's checkpoint: whole or not at all."""

from __future__ import annotations

import contextlib
import os
import pickle
from pathlib import Path
from typing import Any

import torch
from diffusers.training_utils import EMAModel
from torch import nn

from ip2p_cli.api import UsageError, make_output_folder, writing

from .names import STATE_FOLDER
from .output import state_file


def save_state(
    out: Path, model: nn.Module, optimizer: torch.optim.Optimizer, ema: EMAModel, step: int, seed: int, frozen: str
) -> None:
    """Write all that a run goes on from. Its generators and its sampler are functions of (seed, step).

    `frozen` stands for what the model was trained with and is no part of it.
    """
    make_output_folder(out / STATE_FOLDER)
    state = {
        "step": step,
        "seed": seed,
        "frozen": frozen,
        "model": _trained(model),
        "optimizer": optimizer.state_dict(),
        "ema": {key: value for key, value in ema.state_dict().items() if value is not None},
    }
    with writing(state_file(out)):
        try:
            with _temporary(out).open("wb") as file:
                torch.save(state, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(_temporary(out), state_file(out))
        finally:
            discard_temporary(out)  # there only after a failure: it would keep a full disk full


def load_state(
    out: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer | None,
    ema: EMAModel,
    frozen: str,
    seed: int | None = None,
) -> int:
    """Read it back, where there is one; the steps done.

    Raises:
        UsageError: it is of another run, or broken.
    """
    path = state_file(out)
    if not path.exists():
        return 0
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        _load_trained(model, state["model"])
        if optimizer is not None:
            optimizer.load_state_dict(state["optimizer"])
        ema.load_state_dict(state["ema"])
        step, its_seed, its_frozen = int(state["step"]), state.get("seed", seed), state.get("frozen", frozen)
    except (RuntimeError, ValueError, KeyError, TypeError, EOFError, pickle.UnpicklingError) as problem:
        raise UsageError(
            f"{path} cannot be gone on from: it is of another part, or of other settings, or broken; "
            "give the run's own --part, --base and --config, or choose another -o"
        ) from problem
    if its_frozen != frozen:
        raise UsageError(
            f"{path} was trained with another autoencoder, text encoder or schedule; give the run's own --base and "
            "--config, or choose another -o"
        )
    if seed is not None and its_seed != seed:
        raise UsageError(f"{path} is of seed {its_seed}, not {seed}; give --seed {its_seed}, or choose another -o")
    return step


def discard_temporary(out: Path) -> None:
    """Remove a checkpoint that this process has written in part: it is about to end."""
    with contextlib.suppress(OSError):
        _temporary(out).unlink()


def _trained(model: nn.Module) -> dict[str, Any]:
    """The state without what is frozen: of an adapter's network that is nearly all."""
    frozen = _frozen(model)
    return {name: value for name, value in model.state_dict().items() if name not in frozen}


def _load_trained(model: nn.Module, state: dict[str, Any]) -> None:
    missing, unexpected = model.load_state_dict(state, strict=False)
    if unexpected or not _frozen(model).issuperset(missing):
        raise ValueError("these are the weights of another network")


def _frozen(model: nn.Module) -> set[str]:
    return {name for name, parameter in model.named_parameters() if not parameter.requires_grad}


def _temporary(out: Path) -> Path:
    return out / STATE_FOLDER / f"state.{os.getpid()}.tmp"
