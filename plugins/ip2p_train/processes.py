"""Several processes that train one model, as `accelerate launch` or `torchrun` start them.

Each holds the whole model and computes its slice of the batch, which is drawn as in one process; gradients are summed
in one message a step. So the processes' number changes nothing but rounding.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Processes:
    """This process among the others."""

    rank: int = 0
    count: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this is the one that writes and speaks."""
        return self.rank == 0

    def slices(self, batch_size: int, micro_batch: int) -> list[slice]:
        """This process's part of a batch, in pieces of at most `micro_batch` samples (0: in one)."""
        start, stop = (batch_size * number // self.count for number in (self.rank, self.rank + 1))
        step = micro_batch or max(1, stop - start)
        return [slice(at, min(at + step, stop)) for at in range(start, stop, step)]

    def any(self, flag: bool, device: torch.device) -> bool:
        """Whether one of them says so."""
        said = torch.tensor(float(flag), device=device)
        self.sum([said])
        return bool(said > 0) if self.count > 1 else flag

    def sum(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by its sum over all processes."""
        if self.count == 1 or not tensors:
            return
        from accelerate.utils import reduce

        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        parts = reduce(flat, "sum").split([tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view_as(tensor))


ALONE = Processes()


@contextmanager
def joined(device: torch.device) -> Iterator[tuple[Processes, torch.device]]:
    """The processes that were launched together, and this one's own device."""
    if int(os.environ.get("WORLD_SIZE", "1")) < 2 or "MASTER_ADDR" not in os.environ:
        yield ALONE, device
        return
    from accelerate import PartialState

    state = PartialState(cpu=device.type == "cpu")
    try:
        yield Processes(state.process_index, state.num_processes), state.device
    finally:
        state.destroy_process_group()


@contextmanager
def main_first(processes: Processes) -> Iterator[None]:
    """What is inside, the main process does before the others."""
    if processes.count == 1:
        yield
        return
    from accelerate import PartialState

    with PartialState().main_process_first():
        yield
