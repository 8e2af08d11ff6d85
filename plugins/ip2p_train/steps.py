"""The steps of a run, one after the other: samples drawn, their loss, its gradients, the weights changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ip2p_cli.api import UsageError

from .ahead import map_ahead
from .captured import CapturedSteps, make_capturable
from .config import LoopConfig
from .optimizers import set_learning_rate
from .part import DividedPart, DrawingPart, Figures, Part
from .precision import mixed
from .processes import Processes
from .schedule import learning_rate_at, step_generator

AHEAD = 3  # batches, each in a thread of its own
Loss = Callable[[], tuple[Tensor, Figures]]  # computes it


@dataclass(frozen=True)
class Taken:
    """A step that was taken. With CUDA graphs its tensors are overwritten by the next one."""

    loss: Tensor  # of the whole batch
    figures: Figures
    grad_norm: Tensor  # before clipping


@dataclass(frozen=True)
class Learner:
    """Takes steps with a part, in one process of those that train it."""

    part: Part
    config: LoopConfig
    device: torch.device
    processes: Processes
    optimizer: torch.optim.Optimizer
    parameters: Sequence[nn.Parameter]

    def check(self) -> None:
        """See that the part can be trained so.

        Raises:
            UsageError: its batch cannot be divided, or a step of it cannot be a CUDA graph.
        """
        config, count = self.config, self.processes.count
        if count > config.batch_size:
            raise UsageError(f"a batch of {config.batch_size} cannot be divided over {count} processes")
        if (count > 1 or len(self._pieces) > 1) and not isinstance(self.part, DividedPart):
            raise UsageError("this part's batch cannot be divided: train it in one process, with micro_batch = 0")
        if self._captures and (count * len(self._pieces) > 1 or not isinstance(self.part, DrawingPart)):
            raise UsageError(
                "[loop] cuda_graph is for an editor or an autoencoder, in one process, with micro_batch = 0; "
                "set it to false"
            )

    def steps(self, first: int) -> Iterator[Taken]:
        """Take the steps from that number on. On a device, it computes while the next batches are drawn."""
        ahead, numbers = 0 if self.device.type == "cpu" else AHEAD, range(first, self.config.max_steps)
        if isinstance(self.part, DrawingPart) and self._captures:
            make_capturable(self.optimizer, self.device)
            loss_on = self.part.loss_on
            captured: CapturedSteps[Any, Taken] = CapturedSteps(
                lambda drawn: self._take([partial(loss_on, drawn)]), self.device
            )
            draw = partial(self._draw_whole, self.part)
            yield from self._each(captured, first, map_ahead(draw, numbers, ahead, ahead))
        else:
            yield from self._each(self._take, first, map_ahead(self._draw, numbers, ahead, ahead))

    @property
    def _captures(self) -> bool:
        return self.config.cuda_graph and self.device.type == "cuda"

    @property
    def _pieces(self) -> list[slice]:
        return self.processes.slices(self.config.batch_size, self.config.micro_batch)

    def _draw(self, number: int) -> list[Loss]:
        """This process's pieces of a step's batch."""
        return [self._draw_piece(step_generator(self.config.seed, number), samples) for samples in self._pieces]

    def _draw_piece(self, generator: torch.Generator, samples: slice) -> Loss:
        part, size = self.part, self.config.batch_size
        if isinstance(part, DrawingPart):
            return partial(part.loss_on, part.draw(generator, size, samples))
        if isinstance(part, DividedPart):
            return partial(part.loss_of, generator, size, samples)
        return partial(part.loss, generator, size)

    def _draw_whole(self, part: DrawingPart, number: int) -> Any:
        size = self.config.batch_size
        return part.draw(step_generator(self.config.seed, number), size, slice(0, size))

    def _each(self, take: Callable[[Any], Taken], first: int, drawn: Iterable[Any]) -> Iterator[Taken]:
        for number, batch in enumerate(drawn, first):
            set_learning_rate(self.optimizer, learning_rate_at(number, self.config))
            yield take(batch)

    def _take(self, losses: Sequence[Loss]) -> Taken:
        """Compute them, and change the weights. No value is waited for."""
        loss, figures = self._summed(*self._backward(losses))
        grad_norm = nn.utils.clip_grad_norm_(self.parameters, self.config.max_grad_norm)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return Taken(loss, figures, grad_norm)

    def _backward(self, losses: Sequence[Loss]) -> tuple[Tensor, Figures]:
        """Gradients of this process's samples; their share of the batch's loss and figures."""
        total: Tensor = torch.zeros((), device=self.device)
        shares: dict[str, float | Tensor] = {}
        for computed, samples in zip(losses, self._pieces, strict=True):
            share = (samples.stop - samples.start) / self.config.batch_size
            with mixed(self.device, self.config.precision):
                loss, figures = computed()
            (loss * share).backward()
            total = total + loss.detach().float() * share
            for name, value in figures.items():
                shares[name] = shares.get(name, 0.0) + value * share
        return total, shares

    def _summed(self, loss: Tensor, figures: Figures) -> tuple[Tensor, Figures]:
        """Shares of the processes put together, gradients too."""
        if self.processes.count == 1:
            return loss, figures
        said = torch.tensor([loss.item(), *(float(value) for value in figures.values())], device=loss.device)
        self.processes.sum([said, *(p.grad for p in self.parameters if p.grad is not None)])
        return said[0], dict(zip(figures, said[1:].tolist(), strict=True))
