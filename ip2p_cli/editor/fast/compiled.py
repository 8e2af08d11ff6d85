"""Blocks compiled by torch.compile (Ansel et al. 2024, "PyTorch 2", ASPLOS): they are slow to begin, then quicker.

Regional: the two kinds of block that a U-Net is made of, not the whole, so that blocks of one shape are compiled once.
A transformer is compiled with its norm and projections: left to themselves these turn the picture's layout in memory
four times, which on an H100 took as long as all matrix products together.
Shapes are static. What is compiled lies in a cache on disk for the next run. Where a block cannot be compiled (there is
no C++ compiler, no Triton) it runs as it is, and that is said once.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import Tensor

from ip2p_cli.user_cache import cache_folder

BLOCKS = ("Transformer2DModel", "ResnetBlock2D")
SHAPES = 1024  # of one kind of block; torch gives up after 8, and a U-Net has some fourteen for each size of canvas
log = logging.getLogger("ip2p")


def compile_blocks(unet: Any) -> None:
    """From now on the network's blocks are compiled when they are first called."""
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(cache_folder() / "compiled"))
    unet.register_forward_pre_hook(_allow_all_shapes)
    compile_graph = _Inductor()
    for module in unet.modules():
        if type(module).__name__ in BLOCKS:
            module.compile(backend=compile_graph, dynamic=False)


def _allow_all_shapes(_unet: Any, _inputs: Any) -> None:
    """Before each call, since the limit holds for the thread that sets it, and batches are edited in threads."""
    limits = torch._dynamo.config
    limits.recompile_limit = max(limits.recompile_limit, SHAPES)
    limits.accumulated_recompile_limit = max(limits.accumulated_recompile_limit, SHAPES)


class _Inductor:
    """A backend of torch.compile: inductor, or the graph as it is where that fails."""

    def __init__(self) -> None:
        self._said = False

    def __call__(self, graph: torch.fx.GraphModule, inputs: Sequence[Tensor]) -> Callable[..., Any]:
        from torch._inductor.compile_fx import compile_fx

        try:
            return cast("Callable[..., Any]", compile_fx(graph, inputs))
        except Exception as problem:  # of many kinds: compilers, linkers, drivers
            if not self._said:
                reason = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
                log.warning("blocks cannot be compiled here (%s); they run as they are", reason)
                self._said = True
            return graph.forward
