"""How long each network is at work while something runs: its forward passes, timed from outside."""

from __future__ import annotations

import importlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
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


@dataclass(frozen=True)
class Spent:
    """Seconds of one run by the wall clock."""

    total: float
    networks: Mapping[str, float]

    def in_networks(self, *names: str) -> float:
        """Seconds in the named networks; in all, where none is named."""
        return sum(self.networks.get(name, 0.0) for name in names or self.networks)


def spend(work: Callable[[], object], device: str) -> Spent:
    """Do the work and see how long it takes. On an accelerator every pass is waited for, which costs a little."""
    clock = clock_of("wall", device)
    seconds: defaultdict[str, float] = defaultdict(float)
    with _watched(clock, seconds):
        started = clock()
        work()
        return Spent(clock() - started, dict(seconds))


@contextmanager
def _watched(clock: Clock, seconds: defaultdict[str, float]) -> Iterator[None]:
    with ExitStack() as stack:
        for name, module, owner, method in METHODS:
            kind = getattr(importlib.import_module(module), owner)
            stack.enter_context(patch.object(kind, method, _adding(name, getattr(kind, method), clock, seconds)))
        yield


def _adding(
    name: str, method: Callable[..., Any], clock: Clock, seconds: defaultdict[str, float]
) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> Any:
        started = clock()
        try:
            return method(*arguments, **options)
        finally:
            seconds[name] += clock() - started

    return call
