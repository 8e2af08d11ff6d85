"""A whole training step as one CUDA graph, which is launched at once: small networks' kernels are shorter than their
own launches (pytorch.org, "Accelerating PyTorch with CUDA Graphs").
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import torch
from torch import Tensor

if TYPE_CHECKING:
    from typing_extensions import Self

WARM = 3  # steps before a shape's step is captured: libraries choose kernels and optimisers make their state


class Batch(Protocol):
    """What a step computes from."""

    def tensors(self) -> list[Tensor]:
        """All of it, in an order that never changes."""

    def on(self, device: torch.device) -> Self:
        """The same on a device."""


Result = TypeVar("Result")
B = TypeVar("B", bound=Batch)


class CapturedSteps(Generic[B, Result]):
    """Runs a step that has no side effects but on tensors, and waits for no value of theirs."""

    def __init__(self, step: Callable[[B], Result], device: torch.device) -> None:
        """`step` leaves no gradients behind."""
        self._step, self._device = step, device
        self._warm: dict[Any, int] = {}
        self._captured: dict[Any, tuple[torch.cuda.CUDAGraph, B, Result]] = {}
        self._stream: torch.cuda.Stream | None = None

    def __call__(self, batch: B) -> Result:
        """As `step`; what a replay gives is overwritten by the next one."""
        shape = tuple(tensor.shape for tensor in batch.tensors())
        if self._warm.get(shape, 0) < WARM:
            self._warm[shape] = self._warm.get(shape, 0) + 1
            return self._beside(batch)
        if shape not in self._captured:
            self._captured[shape] = self._capture(batch.on(self._device))
        graph, given, result = self._captured[shape]
        for place, tensor in zip(given.tensors(), batch.tensors(), strict=True):
            place.copy_(tensor, non_blocking=True)
        graph.replay()
        return result

    def _beside(self, batch: B) -> Result:
        """On a stream of its own, as capturing asks for."""
        if self._stream is None:
            self._stream = torch.cuda.Stream()
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            result = self._step(batch)
        torch.cuda.current_stream().wait_stream(self._stream)
        return result

    def _capture(self, batch: B) -> tuple[torch.cuda.CUDAGraph, B, Result]:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):  # another thread draws the next batch
            result = self._step(batch)
        return graph, batch, result


def make_capturable(optimizer: torch.optim.Optimizer, device: torch.device) -> None:
    """Its settings as a graph can read them: the learning rate is a tensor."""
    for group in optimizer.param_groups:
        group["capturable"] = True
        group["lr"] = torch.tensor(float(group["lr"]), device=device)
