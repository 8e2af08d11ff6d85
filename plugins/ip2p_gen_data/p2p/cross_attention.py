"""Cross-attention control: the edited row looks at its caption as the source row looks at its own.

Hertz et al. 2022, arXiv 2208.01626, section 3.1: word swap, adding a phrase, re-weighting. Only conditional rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ip2p_cli.api import ModelError

from .alignment import Alignment
from .sharing import cross_attentions


@dataclass(frozen=True)
class Maps:
    """The alignments of a batch of n pairs, as tensors."""

    mapper: Tensor  # (n, s, t)
    own: Tensor  # (n, 1, 1, t)
    weight: Tensor  # (n, 1, 1, t)

    @classmethod
    def of(cls, alignments: Sequence[Alignment], like: Tensor) -> Maps:
        """On the device and in the type of `like`."""
        mapper, own, weight = (
            torch.from_numpy(np.stack([getattr(one, name) for one in alignments])).to(like)
            for name in ("mapper", "own", "weight")
        )
        return cls(mapper, own[:, None, None], weight[:, None, None])


class CrossAttentionControl:
    """While it is open, edited rows of the pairs that `set` named take their attention from the source rows.

    Rows are those of `config.sources`: of 4n, the conditional edited ones are 2n + 1, 2n + 3 …
    """

    def __init__(self, unet: nn.Module, maps: Maps) -> None:
        self.on = False  # for any pair
        self.maps = maps
        self._shared = torch.zeros(len(maps.mapper), 1, 1, 1, dtype=torch.bool, device=maps.mapper.device)
        self._layers = cross_attentions(unet)
        self._before: list[Any] = []
        for layer in self._layers:
            if layer.norm_q is not None or layer.norm_k is not None or layer.added_kv_proj_dim is not None:
                raise ModelError(
                    "cross-attention control does not know this U-Net's cross-attention (normalised queries or added "
                    "keys); leave out --cross-attention"
                )

    def __enter__(self) -> CrossAttentionControl:
        self._before = [layer.processor for layer in self._layers]
        for layer, before in zip(self._layers, self._before, strict=True):
            layer.set_processor(_Processor(self, before))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for layer, before in zip(self._layers, self._before, strict=True):
            layer.set_processor(before)

    def set(self, shared: Sequence[bool]) -> None:
        """Which of the n pairs are controlled from now on."""
        self.on = any(shared)
        self._shared = torch.tensor(shared, device=self._shared.device)[:, None, None, None]

    def controlled(self, probabilities: Tensor) -> Tensor:
        """The attention to use: (4n, heads, pixels, tokens) in, the same out."""
        maps, first = self.maps, probabilities.shape[0] // 2
        source, edited = probabilities[first::2], probabilities[first + 1 :: 2]  # (n, h, p, s), (n, h, p, t)
        aligned = torch.einsum("nhps,nst->nhpt", source, maps.mapper)
        result = probabilities.clone()
        mixed = (aligned * (1 - maps.own) + edited * maps.own) * maps.weight
        result[first + 1 :: 2] = torch.where(self._shared, mixed, edited)
        return result


class _Processor:
    """diffusers' plain attention, with the probabilities in hand; the layer's own processor when control is off."""

    def __init__(self, control: CrossAttentionControl, before: Any) -> None:
        self._control = control
        self._before = before

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,  # (b, p, c)
        encoder_hidden_states: Tensor | None = None,  # (b, t, d)
        attention_mask: Tensor | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> Tensor:
        if not self._control.on or encoder_hidden_states is None:
            return self._before(attn, hidden_states, encoder_hidden_states, attention_mask, *args, **kwargs)
        if attn.norm_cross:
            encoder_hidden_states = attn.norm_encoder_hidden_states(encoder_hidden_states)
        heads = attn.heads
        query = _split(attn.to_q(hidden_states), heads)  # (b, h, p, c / h)
        key, value = (_split(project(encoder_hidden_states), heads) for project in (attn.to_k, attn.to_v))
        probabilities = (query @ key.transpose(-1, -2) * attn.scale).softmax(-1)  # (b, h, p, t)
        mixed = self._control.controlled(probabilities) @ value
        out = attn.to_out[0](mixed.transpose(1, 2).flatten(2))  # (b, p, c)
        if attn.residual_connection:
            out = out + hidden_states
        return out / attn.rescale_output_factor


def _split(x: Tensor, heads: int) -> Tensor:
    """(b, n, c) -> (b, heads, n, c / heads)"""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)
