"""The one training loop: every part of a checkpoint (autoencoder, text encoder, editor) runs through it.

Randomness is a pure function of (seed, step): nothing but the step number has to be remembered for a killed run
to go on exactly where it stopped.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from diffusers.training_utils import EMAModel
from torch import nn

from ip2p_cli.api import Ip2pError, writing

from .checkpoints import load_state, save_state
from .config import LoopConfig
from .narrow_heads import fill_narrow_heads
from .optimizers import make_optimizer
from .part import NamedPart, Part, PartOnFrozen
from .processes import ALONE, Processes
from .schedule import step_generator
from .steps import Learner

FIRST_ESTIMATE = 5  # steps after which the time needed is first said
NAMED = 32  # of a batch, in a message


class Validation(Protocol):
    """What is measured now and then, on the averaged weights."""

    def is_due(self, step: int) -> bool:
        """Whether to do so after a step."""

    def run(self, step: int) -> dict[str, float]:
        """The figures, for the log."""


class NonFiniteLoss(Ip2pError):
    """The loss or its gradient was NaN or infinite: the run stops before a checkpoint is spoilt."""


def train(
    part: Part,
    config: LoopConfig,
    out: Path,
    *,
    resume: bool,
    device: str | torch.device = "cpu",
    stopping: Callable[[], bool] = lambda: False,
    processes: Processes = ALONE,
    validation: Validation | None = None,
) -> Iterator[dict[str, Any]]:
    """Train `part` until `max_steps`, yielding a log record every `log_every` steps; the EMA weights are saved last.

    A checkpoint is written to `out/.train/state.pt` every `checkpoint_seconds`, by rename, so that a run killed at
    any moment resumes from a whole one. Without one, `resume` starts fresh. Where `stopping` says so after a step, a
    checkpoint is written and nothing more. Of several processes only the main one writes.

    Raises:
        NonFiniteLoss: naming the step, its seed and what was in the batch.
        UsageError: the checkpoint in `out` is of another run, or broken, or the part's batch cannot be divided.
        EnvironmentStop: the disk gave out; `resume` goes on.
    """
    place = torch.device(device)
    seed_everything(config.seed)
    torch.backends.cudnn.benchmark = True  # shapes are the same at each step
    part.model.to(place).to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    if place.type == "cpu":
        fill_narrow_heads(part.model)
    parameters = _trained(part)
    optimizer = make_optimizer(part.model, config, place)
    learner = Learner(part, config, place, processes, optimizer, parameters)
    learner.check()
    if config.compile:
        part.model.compile()
    ema = _average(parameters, config)
    step = load_state(out, part.model, optimizer, ema, _frozen(part), config.seed) if resume else 0
    ema.to(place)

    def save() -> None:
        if processes.is_main:
            save_state(out, part.model, optimizer, ema, step, config.seed, _frozen(part))

    started, last_saved, seen = time.monotonic(), time.monotonic(), 0
    for taken in learner.steps(step):
        ema.step(parameters)
        loss, grad_norm, figures = taken.loss, taken.grad_norm, taken.figures
        if not torch.isfinite(loss + grad_norm):
            raise NonFiniteLoss(_what_failed(part, config, step, loss.item(), grad_norm.item()))
        step, seen = step + 1, seen + config.batch_size
        is_due = validation is not None and validation.is_due(step)
        if step % config.log_every == 0 or step in (FIRST_ESTIMATE, config.max_steps) or is_due:
            seconds = time.monotonic() - started
            if validation is not None and is_due and processes.is_main:
                paused = time.monotonic()
                figures = {**figures, **_validated(validation, part, ema, parameters, step)}
                started += time.monotonic() - paused  # it is no time of training
            yield {
                "step": step,
                "loss": round(loss.item(), 5),
                **{name: round(float(value), 5) for name, value in figures.items()},
                "grad_norm": round(float(grad_norm), 4),
                "learning_rate": float(optimizer.param_groups[0]["lr"]),
                "samples_per_second": round(seen / seconds, 2),
                "eta_seconds": round((config.max_steps - step) * seconds / max(1, seen // config.batch_size)),
            }
        if step < config.max_steps and processes.any(stopping(), place):
            save()
            return
        if time.monotonic() - last_saved > config.checkpoint_seconds:
            save()
            last_saved = time.monotonic()
    save()
    if processes.is_main:
        _save_part(part, ema, parameters, out)


def export(part: Part, config: LoopConfig, out: Path) -> int:
    """Save the EMA weights of the last checkpoint in `out` as a finished part; returns its step.

    Raises:
        UsageError: the checkpoint is of another run, or broken.
        EnvironmentStop: the disk gave out.
    """
    parameters = _trained(part)
    ema = _average(parameters, config)
    step = load_state(out, part.model, None, ema, _frozen(part))
    _save_part(part, ema, parameters, out)
    return step


def seed_everything(seed: int) -> None:
    """Seed torch's global generators with any number; they themselves take 64 bits."""
    torch.manual_seed(seed % 2**63)


def _validated(
    validation: Validation, part: Part, ema: EMAModel, parameters: Sequence[nn.Parameter], step: int
) -> dict[str, float]:
    """Figures of the averaged weights, which are put back afterwards."""
    ema.store(parameters)
    ema.copy_to(parameters)
    part.model.eval()
    try:
        return validation.run(step)
    finally:
        ema.restore(parameters)
        part.model.train()


def _what_failed(part: Part, config: LoopConfig, step: int, loss: float, grad_norm: float) -> str:
    what = f"the loss is {loss}" if not math.isfinite(loss) else f"the norm of the gradient is {grad_norm}"
    found = f"{what} at step {step} (seed {config.seed})"
    if isinstance(part, NamedPart):
        names = part.names(step_generator(config.seed, step), config.batch_size)
        further = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        found += f", whose batch is {', '.join(names[:NAMED])}{further}"
    return f"{found}; lower the learning rate, or take out what is broken"


def _trained(part: Part) -> list[nn.Parameter]:
    return [parameter for parameter in part.model.parameters() if parameter.requires_grad]


def _frozen(part: Part) -> str:
    return part.frozen if isinstance(part, PartOnFrozen) else ""


def _average(parameters: Sequence[nn.Parameter], config: LoopConfig) -> EMAModel:
    return EMAModel(parameters, decay=config.ema_decay, use_ema_warmup=True, inv_gamma=1.0, power=0.75, foreach=True)


def _save_part(part: Part, ema: EMAModel, parameters: Sequence[nn.Parameter], out: Path) -> None:
    ema.copy_to(parameters)
    part.model.eval()
    with writing(out):
        part.save(out)
