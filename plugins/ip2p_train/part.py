"""What a trainable part of a checkpoint brings to the loop; what more some parts can do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

Figures = Mapping[str, float | Tensor]  # for the log; what is on a device is waited for when it is written


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
class DrawingPart(Part, Protocol):
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


def device_of(model: nn.Module) -> torch.device:
    """Where a model's weights are."""
    return next(model.parameters()).device
