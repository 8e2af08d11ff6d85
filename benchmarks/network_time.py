"""How long each network is at work while something runs: its forward passes, timed from outside.

Networks run in several threads at once (`ip2p_cli/editor/lanes.py`). So there are two measures: what all passes cost
together, and the seconds in which there is one at all, which is how busy they are. A pass that computes in its own
thread alone costs the processor's seconds of that thread: by the clock it would cost more wherever others use the
processor, too.
"""

from __future__ import annotations

import importlib
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import torch

from benchmarks.measuring import Clock, clock_of

NETWORKS = UNET, ENCODE, DECODE, TEXT = "U-Net", "encode", "decode", "text"
METHODS = (
    (UNET, "diffusers", "UNet2DConditionModel", "forward"),
    (ENCODE, "diffusers", "AutoencoderKL", "encode"),
    (ENCODE, "diffusers", "AutoencoderTiny", "encode"),
    (DECODE, "diffusers", "AutoencoderKL", "decode"),
    (DECODE, "diffusers", "AutoencoderTiny", "decode"),
    (TEXT, "transformers", "CLIPTextModel", "forward"),
)


@dataclass(frozen=True)
class Pass:
    """Of a network: when it begins and ends by the wall clock, and the seconds that it costs."""

    start: float
    end: float
    cost: float


Passes = defaultdict[str, list[Pass]]


@dataclass(frozen=True)
class Spent:
    """Seconds of one run by the wall clock."""

    total: float
    passes: Mapping[str, Sequence[Pass]]  # of each network

    def in_networks(self, *names: str) -> float:
        """What all passes of the named networks cost together; of all networks, where none is named."""
        return sum(each.cost for each in self._passes(names))

    def busy(self, *names: str) -> float:
        """While at least one of them is in a pass."""
        seconds, until = 0.0, -math.inf
        for each in sorted(self._passes(names), key=lambda one: one.start):
            seconds += max(0.0, each.end - max(each.start, until))
            until = max(until, each.end)
        return seconds

    def _passes(self, names: Sequence[str]) -> list[Pass]:
        return [each for name in names or self.passes for each in self.passes.get(name, ())]


def spend(work: Callable[[], object], device: str) -> Spent:
    """Do the work and see how long it takes. On an accelerator every pass is waited for, which costs a little."""
    clock = clock_of("wall", device)
    passes: Passes = defaultdict(list)
    with _watched(clock, passes, device):
        started = clock()
        work()
        return Spent(clock() - started, dict(passes))


@contextmanager
def _watched(clock: Clock, passes: Passes, device: str) -> Iterator[None]:
    with ExitStack() as stack:
        for name, module, owner, method in METHODS:
            kind = getattr(importlib.import_module(module), owner)
            stack.enter_context(patch.object(kind, method, _adding(name, getattr(kind, method), clock, passes, device)))
        yield


def _adding(name: str, method: Callable[..., Any], clock: Clock, passes: Passes, device: str) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> Any:
        started, worked = clock(), time.thread_time()
        try:
            return method(*arguments, **options)
        finally:
            own, ended = time.thread_time() - worked, clock()
            is_alone = device == "cpu" and torch.get_num_threads() == 1
            passes[name].append(Pass(started, ended, own if is_alone else ended - started))

    return call
