"""Prompt-to-Prompt by self-attention: rows that use another row's queries and keys.

Sharing queries and keys gives the attention logits of the source row, which the paper's reference code copies. Hooks
on the two projections do it under any attention processor, at the cost of a copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any

import torch
from torch import Tensor, nn

from ip2p_cli.api import ModelError


class SelfAttentionSharing:
    """While it is open, every self-attention of a U-Net takes queries and keys from the rows set last.

    with SelfAttentionSharing(unet) as sharing:
        sharing.set([0, 0, 2, 2])  # rows 1 and 3 use the attention of rows 0 and 2
    """

    def __init__(self, unet: nn.Module) -> None:
        self._layers = self_attentions(unet)
        if not self._layers:
            raise ModelError(
                "the checkpoint's U-Net has no self-attention for Prompt-to-Prompt; choose another --model"
            )
        self._device = next(unet.parameters()).device
        self._source_of: Tensor | None = None
        self._hooks: list[Any] = []

    def set(self, source_of: Sequence[int]) -> None:
        """Each row's source, by index, from now on."""
        alone = all(source == row for row, source in enumerate(source_of))
        self._source_of = None if alone else torch.tensor(source_of, device=self._device)

    def __enter__(self) -> SelfAttentionSharing:
        for layer in self._layers:
            self._hooks += [projection.register_forward_hook(self._share) for projection in (layer.to_q, layer.to_k)]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        while self._hooks:
            self._hooks.pop().remove()

    def _share(self, _module: nn.Module, _inputs: tuple[Any, ...], output: Tensor) -> Tensor:
        """(b, n, c) -> (b, n, c)"""
        return output if self._source_of is None else output[self._source_of]


def self_attentions(unet: nn.Module) -> list[Any]:
    """The layers in which a picture attends to itself, at every level."""
    return [layer for layer in _attentions(unet) if not layer.is_cross_attention]


def cross_attentions(unet: nn.Module) -> list[Any]:
    """The layers in which a picture attends to its caption."""
    return [layer for layer in _attentions(unet) if layer.is_cross_attention]


def _attentions(unet: nn.Module) -> list[Any]:
    from diffusers.models.attention_processor import Attention

    return [module for module in unet.modules() if isinstance(module, Attention)]
