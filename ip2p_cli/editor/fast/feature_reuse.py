"""The U-Net's inner features change slowly: they are kept for every second step, which runs the outermost blocks alone.

"DeepCache", Ma et al. 2023, arXiv 2312.00858, section 3.3, with N = 2 and the branch at the outermost level.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from torch import nn

EVERY = 2  # N of the paper


def kept(whole: Sequence[bool]) -> list[bool]:
    """Whether a step runs on the features of the last step like it; `whole` says of each step if all its rows are run.

    Features are those of certain rows, so that steps of all rows and steps of one row each take turns among their own.
    The first two of either are fresh: features change most there.
    """
    plan, seen = [], {True: 0, False: 0}
    for kind in whole:
        plan.append(seen[kind] > 1 and seen[kind] % EVERY == 0)
        seen[kind] += 1
    return plan


class Features:
    """What the inner blocks gave, for each call of a step."""

    def __init__(self) -> None:
        self._outputs: dict[tuple[Hashable, int], Any] = {}
        self._call: Hashable = None
        self._reuse = False

    @contextmanager
    def of(self, call: Hashable, *, reuse: bool) -> Iterator[None]:
        """Within the context the network is called with the rows that `call` names.

        With `reuse`, its inner blocks give what they gave to these rows at an earlier step, if there was one.
        """
        self._call, self._reuse = call, reuse
        try:
            yield
        finally:
            self._call = None  # other calls, of trials, neither give nor take

    def wrap(self, number: int, run: Callable[..., Any]) -> Callable[..., Any]:
        """An inner block's forward, which may be spared."""

        def forward(*arguments: Any, **options: Any) -> Any:
            if self._call is None:
                return run(*arguments, **options)
            key = (self._call, number)
            if not (self._reuse and key in self._outputs):
                self._outputs[key] = run(*arguments, **options)
            return self._outputs[key]

        return forward


@contextmanager
def features_kept(unet: Any) -> Iterator[Features]:
    """Within the context, the inner blocks of a diffusers U-Net can be spared; one of a single level has none."""
    features = Features()
    with ExitStack() as stack:
        for number, block in enumerate(_inner_blocks(unet)):
            stack.callback(_unwrap, block, vars(block).get("forward"))
            block.forward = features.wrap(number, block.forward)
        yield features


def _unwrap(block: nn.Module, own: Callable[..., Any] | None) -> None:
    """Back to the class's forward, or to one of its own that the block had before."""
    del block.forward
    if own is not None:
        block.forward = own


def _inner_blocks(unet: Any) -> list[nn.Module]:
    """All but the outermost of each way: between them nothing reads the time, the texts or the noisy latents."""
    from diffusers import UNet2DConditionModel

    if not isinstance(unet, UNet2DConditionModel) or len(unet.down_blocks) == 1:
        return []
    middle = [] if unet.mid_block is None else [unet.mid_block]
    return [*unet.down_blocks[1:], *middle, *unet.up_blocks[:-1]]
