"""How long each network is at work while something runs: its forward passes, timed from outside.

Networks run in several threads at once (`ip2p_cli/editor/lanes.py`). So there are two measures: the seconds of all
passes together, which is how much they cost, and the seconds in which there is one at all, which is how busy they are.
"""

from __future__ import annotations

import importlib
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

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
Passes = defaultdict[str, list[tuple[float, float]]]


@dataclass(frozen=True)
class Spent:
    """Seconds of one run by the wall clock."""

    total: float
    passes: Mapping[str, Sequence[tuple[float, float]]]  # of each network, when a pass begins and ends

    def in_networks(self, *names: str) -> float:
        """Of all passes of the named networks together; of all networks, where none is named."""
        return sum(end - start for start, end in self._passes(names))

    def busy(self, *names: str) -> float:
        """While at least one of them is in a pass."""
        seconds, until = 0.0, -math.inf
        for start, end in sorted(self._passes(names)):
            seconds += max(0.0, end - max(start, until))
            until = max(until, end)
        return seconds

    def _passes(self, names: Sequence[str]) -> list[tuple[float, float]]:
        return [each for name in names or self.passes for each in self.passes.get(name, ())]


def spend(work: Callable[[], object], device: str) -> Spent:
    """Do the work and see how long it takes. On an accelerator every pass is waited for, which costs a little."""
    clock = clock_of("wall", device)
    passes: Passes = defaultdict(list)
    with _watched(clock, passes):
        started = clock()
        work()
        return Spent(clock() - started, dict(passes))


@contextmanager
def _watched(clock: Clock, passes: Passes) -> Iterator[None]:
    with ExitStack() as stack:
        for name, module, owner, method in METHODS:
            kind = getattr(importlib.import_module(module), owner)
            stack.enter_context(patch.object(kind, method, _adding(name, getattr(kind, method), clock, passes)))
        yield


def _adding(name: str, method: Callable[..., Any], clock: Clock, passes: Passes) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> Any:
        started = clock()
        try:
            return method(*arguments, **options)
        finally:
            passes[name].append((started, clock()))

    return call
