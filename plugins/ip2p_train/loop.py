"""The one training loop: every part of a checkpoint (autoencoder, text encoder, editor) runs through it.

Randomness is a pure function of (seed, step): nothing but the step number has to be remembered for a killed run
to go on exactly where it stopped.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pickle
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from diffusers.training_utils import EMAModel
from torch import Tensor, nn

from ip2p_cli.api import Ip2pError, UsageError, make_output_folder, writing

from .config import STATE_FOLDER, LoopConfig
from .output import state_file

FIRST_ESTIMATE = 5  # steps after which the time needed is first said


class Part(Protocol):
    """What one trainable part brings to the loop."""

    model: nn.Module

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        """Draw a batch with `generator`, which is the processor's, and return (scalar loss, figures for the log).

        The model may be on another device: the batch has to be moved there (`device_of`).
        """

    def save(self, folder: Path) -> None:
        """Write the part, with its present weights, in diffusers layout under `folder`."""


class NonFiniteLoss(Ip2pError):
    """The loss was NaN or infinite: the run stops before the weights are spoilt."""


def device_of(model: nn.Module) -> torch.device:
    """Where a model's weights are."""
    return next(model.parameters()).device


def step_generator(seed: int, step: int, rank: int = 0) -> torch.Generator:
    """The generator of one step: blake2b(seed, step, rank), so that resuming needs no saved state."""
    digest = hashlib.blake2b(f"{seed}/{step}/{rank}".encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "big") >> 1)


def learning_rate_at(step: int, config: LoopConfig) -> float:
    """Linear warm-up, then a cosine down to `final_learning_rate` of the peak."""
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / config.warmup_steps
    done = (step - config.warmup_steps) / max(1, config.max_steps - config.warmup_steps)
    floor = config.final_learning_rate
    cosine = 0.5 * (1 + torch.cos(torch.tensor(min(done, 1.0) * torch.pi)).item())
    return config.learning_rate * (floor + (1 - floor) * cosine)


def train(
    part: Part,
    config: LoopConfig,
    out: Path,
    *,
    resume: bool,
    device: str | torch.device = "cpu",
    stopping: Callable[[], bool] = lambda: False,
) -> Iterator[dict[str, Any]]:
    """Train `part` until `max_steps`, yielding a log record every `log_every` steps; the EMA weights are saved last.

    A checkpoint is written to `out/.train/state.pt` every `checkpoint_seconds`, by rename, so that a run killed at
    any moment resumes from a whole one. Without one, `resume` starts fresh. Where `stopping` says so after a step, a
    checkpoint is written and nothing more.

    Raises:
        NonFiniteLoss: naming the step and its seed.
        UsageError: the checkpoint in `out` is of another run, or broken.
        EnvironmentStop: the disk gave out; `resume` goes on.
    """
    seed_everything(config.seed)
    part.model.to(device).to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    if config.compile:
        part.model.compile()
    parameters = [p for p in part.model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(
        parameters, lr=config.learning_rate, betas=(0.9, 0.99), weight_decay=config.weight_decay, fused=True
    )
    ema = EMAModel(parameters, decay=config.ema_decay, use_ema_warmup=True, inv_gamma=1.0, power=0.75, foreach=True)
    step = _load_state(out, part, optimizer, ema) if resume else 0
    ema.to(device)
    started, last_saved, seen = time.monotonic(), time.monotonic(), 0
    while step < config.max_steps:
        for group in optimizer.param_groups:
            group["lr"] = learning_rate_at(step, config)
        with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=config.precision == "bf16"):
            loss, figures = part.loss(step_generator(config.seed, step), config.batch_size)
        if not torch.isfinite(loss):
            raise NonFiniteLoss(f"loss is {loss.item()} at step {step} (seed {config.seed}); lower the learning rate")
        loss.backward()
        grad_norm = nn.utils.clip_grad_norm_(parameters, config.max_grad_norm)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        ema.step(parameters)
        step, seen = step + 1, seen + config.batch_size
        if step % config.log_every == 0 or step in (FIRST_ESTIMATE, config.max_steps):
            seconds = time.monotonic() - started
            yield {
                "step": step,
                "loss": round(loss.item(), 5),
                **{name: round(value, 5) for name, value in figures.items()},
                "grad_norm": round(float(grad_norm), 4),
                "learning_rate": optimizer.param_groups[0]["lr"],
                "samples_per_second": round(seen / seconds, 2),
                "eta_seconds": round((config.max_steps - step) * seconds / max(1, seen // config.batch_size)),
            }
        if step < config.max_steps and stopping():
            _save_state(out, part, optimizer, ema, step)
            return
        if time.monotonic() - last_saved > config.checkpoint_seconds:
            _save_state(out, part, optimizer, ema, step)
            last_saved = time.monotonic()
    _save_state(out, part, optimizer, ema, step)
    _save_part(part, ema, parameters, out)


def export(part: Part, config: LoopConfig, out: Path) -> int:
    """Save the EMA weights of the last checkpoint in `out` as a finished part; returns its step.

    Raises:
        UsageError: the checkpoint is of another run, or broken.
        EnvironmentStop: the disk gave out.
    """
    parameters = [p for p in part.model.parameters() if p.requires_grad]
    ema = EMAModel(parameters, decay=config.ema_decay, use_ema_warmup=True, inv_gamma=1.0, power=0.75, foreach=True)
    step = _load_state(out, part, None, ema)
    _save_part(part, ema, parameters, out)
    return step


def discard_temporary(out: Path) -> None:
    """Remove a checkpoint that this process has written in part: it is about to end."""
    with contextlib.suppress(OSError):
        _temporary(out).unlink()


def seed_everything(seed: int) -> None:
    """Seed torch's global generators with any number; they themselves take 64 bits."""
    torch.manual_seed(seed % 2**63)


def append_log(out: Path, record: dict[str, Any]) -> None:
    """Append one JSON line to `out/.train/log.jsonl`."""
    path = out / STATE_FOLDER / "log.jsonl"
    with writing(path), path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")


def _save_part(part: Part, ema: EMAModel, parameters: Sequence[nn.Parameter], out: Path) -> None:
    ema.copy_to(parameters)
    part.model.eval()
    with writing(out):
        part.save(out)


def _save_state(out: Path, part: Part, optimizer: torch.optim.Optimizer, ema: EMAModel, step: int) -> None:
    make_output_folder(out / STATE_FOLDER)
    state = {
        "step": step,
        "model": part.model.state_dict(),
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


def _temporary(out: Path) -> Path:
    return out / STATE_FOLDER / f"state.{os.getpid()}.tmp"


def _load_state(out: Path, part: Part, optimizer: torch.optim.Optimizer | None, ema: EMAModel) -> int:
    path = state_file(out)
    if not path.exists():
        return 0
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        part.model.load_state_dict(state["model"])
        if optimizer is not None:
            optimizer.load_state_dict(state["optimizer"])
        ema.load_state_dict(state["ema"])
        return int(state["step"])
    except (RuntimeError, ValueError, KeyError, TypeError, EOFError, pickle.UnpicklingError) as problem:
        raise UsageError(
            f"{path} cannot be gone on from: it is of another part, or of other settings, or broken; "
            "give the run's own --part, --base and --config, or choose another -o"
        ) from problem
