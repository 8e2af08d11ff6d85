"""The one training loop: every part of a checkpoint (autoencoder, text encoder, editor) runs through it.

Randomness is a pure function of (seed, step): nothing but the step number has to be remembered for a killed run
to go on exactly where it stopped.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from diffusers.training_utils import EMAModel
from torch import Tensor, nn

from ip2p_cli.api import Ip2pError, UsageError, writing

from .ahead import map_ahead
from .checkpoints import load_state, save_state
from .config import LoopConfig
from .optimizers import make_optimizer
from .precision import mixed
from .processes import ALONE, Processes

Figures = Mapping[str, float | Tensor]  # for the log; what is on a device is waited for when it is written
FIRST_ESTIMATE = 5  # steps after which the time needed is first said
NAMED = 32  # of a batch, in a message


class Part(Protocol):
    """What one trainable part brings to the loop."""

    model: nn.Module

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, Figures]:
        """Draw a batch with `generator`, which is the processor's, and return (scalar loss, figures for the log).

        The model may be on another device: the batch has to be moved there (`device_of`).
        """

    def save(self, folder: Path) -> None:
        """Write the part, with its present weights, in diffusers layout under `folder`."""


@runtime_checkable
class DividedPart(Part, Protocol):
    """A part whose loss is a mean over samples: a batch can be divided over processes and forward passes."""

    def loss_of(self, generator: torch.Generator, batch_size: int, samples: slice) -> tuple[Tensor, Figures]:
        """The loss of some samples of the batch that `loss` would draw."""


@runtime_checkable
class DrawingPart(DividedPart, Protocol):
    """A part that can draw its samples apart from computing their loss: on a device, while it is at those before."""

    def draw(self, generator: torch.Generator, batch_size: int, samples: slice) -> Any:
        """Some samples of the batch that `loss` would draw, on the CPU."""

    def loss_on(self, drawn: Any) -> tuple[Tensor, Figures]:
        """Their loss."""


@runtime_checkable
class NamedPart(Part, Protocol):
    """A part that can say what is in a batch."""

    def names(self, generator: torch.Generator, batch_size: int) -> list[str]:
        """Of the batch that `loss` would draw."""


@runtime_checkable
class PartOnFrozen(Part, Protocol):
    """A part that is worth nothing without others, which are not trained: a run goes on with the same ones only."""

    frozen: str
    """A name that stands for them."""


class Validation(Protocol):
    """What is measured now and then, on the averaged weights."""

    def is_due(self, step: int) -> bool:
        """Whether to do so after a step."""

    def run(self, step: int) -> dict[str, float]:
        """The figures, for the log."""


class NonFiniteLoss(Ip2pError):
    """The loss or its gradient was NaN or infinite: the run stops before the weights are spoilt."""


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
    pieces = processes.slices(config.batch_size, config.micro_batch)
    _check_pieces(part, config, processes, pieces)
    seed_everything(config.seed)
    torch.backends.cudnn.benchmark = True  # shapes are the same at each step
    part.model.to(place).to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    if config.compile:
        part.model.compile()
    parameters = _trained(part)
    optimizer = make_optimizer(part.model, config, place)
    ema = _average(parameters, config)
    step = load_state(out, part.model, optimizer, ema, _frozen(part), config.seed) if resume else 0
    ema.to(place)

    def save() -> None:
        if processes.is_main:
            save_state(out, part.model, optimizer, ema, step, config.seed, _frozen(part))

    started, last_saved, seen = time.monotonic(), time.monotonic(), 0
    for losses in _drawn(part, config, range(step, config.max_steps), pieces, place):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate_at(step, config)
        loss, figures = _backward(losses, config, pieces, place)
        loss, figures = _summed(loss, figures, parameters, processes)
        grad_norm = nn.utils.clip_grad_norm_(parameters, config.max_grad_norm)
        if not (torch.isfinite(loss) and torch.isfinite(grad_norm)):
            raise NonFiniteLoss(_what_failed(part, config, step, loss.item(), grad_norm.item()))
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        ema.step(parameters)
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
                "learning_rate": optimizer.param_groups[0]["lr"],
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


def _check_pieces(part: Part, config: LoopConfig, processes: Processes, pieces: Sequence[slice]) -> None:
    if processes.count > config.batch_size:
        raise UsageError(f"a batch of {config.batch_size} cannot be divided over {processes.count} processes")
    if (processes.count > 1 or len(pieces) > 1) and not isinstance(part, DividedPart):
        raise UsageError("this part's batch cannot be divided: train it in one process, with micro_batch = 0")


Loss = Callable[[], "tuple[Tensor, Figures]"]  # computes it


def _drawn(
    part: Part, config: LoopConfig, steps: Iterable[int], pieces: Sequence[slice], device: torch.device
) -> Iterator[list[Loss]]:
    """Of each step, this process's pieces of the batch, drawn. A device computes while the next ones are."""

    def draw(step: int) -> list[Loss]:
        return [_draw(part, config, step_generator(config.seed, step), samples) for samples in pieces]

    return map_ahead(draw, steps, threads=0 if device.type == "cpu" else 1, depth=1)


def _draw(part: Part, config: LoopConfig, generator: torch.Generator, samples: slice) -> Loss:
    if isinstance(part, DrawingPart):
        return partial(part.loss_on, part.draw(generator, config.batch_size, samples))
    if isinstance(part, DividedPart):
        return partial(part.loss_of, generator, config.batch_size, samples)
    return partial(part.loss, generator, config.batch_size)


def _backward(
    losses: Sequence[Loss], config: LoopConfig, pieces: Sequence[slice], device: torch.device
) -> tuple[Tensor, Figures]:
    """Gradients of this process's samples; their share of the batch's loss and figures."""
    total: Tensor = torch.zeros((), device=device)
    shares: dict[str, float | Tensor] = {}
    for computed, samples in zip(losses, pieces, strict=True):
        share = (samples.stop - samples.start) / config.batch_size
        with mixed(device, config.precision):
            loss, figures = computed()
        (loss * share).backward()
        total = total + loss.detach().float() * share
        for name, value in figures.items():
            shares[name] = shares.get(name, 0.0) + value * share
    return total, shares


def _summed(
    loss: Tensor, figures: Figures, parameters: Sequence[nn.Parameter], processes: Processes
) -> tuple[Tensor, Figures]:
    """Shares of the processes put together, gradients too."""
    if processes.count == 1:
        return loss, figures
    said = torch.tensor([loss.item(), *figures.values()], device=loss.device)
    processes.sum([said, *(p.grad for p in parameters if p.grad is not None)])
    return said[0], dict(zip(figures, said[1:].tolist(), strict=True))


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
