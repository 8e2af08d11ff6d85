"""Prompt-to-Prompt as the paper's reference code has it: attention logits, copied from row to row, by a processor."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ip2p_gen_data.p2p.sharing import self_attentions


class LiteralSharing:
    """In place of `SelfAttentionSharing`: computes all logits, and writes the source's over the edited row's."""

    def __init__(self, unet: Any) -> None:
        self.source_of: list[int] = []
        self.history: list[list[int]] = []
        for layer in self_attentions(unet):
            layer.set_processor(_CopyLogits(self))

    def set(self, source_of: list[int]) -> None:
        self.source_of = source_of
        self.history.append(source_of)


class _CopyLogits:
    def __init__(self, sharing: LiteralSharing) -> None:
        self.sharing = sharing

    def __call__(self, attn: Any, hidden_states: Tensor, encoder_hidden_states: None = None, **_: Any) -> Tensor:
        assert encoder_hidden_states is None
        q, k, v = (
            project(hidden_states).unflatten(-1, (attn.heads, -1)).transpose(1, 2)
            for project in (attn.to_q, attn.to_k, attn.to_v)
        )
        logits = torch.einsum("bhnc,bhmc->bhnm", q, k) * attn.scale
        copied = logits.clone()
        for row, source in enumerate(self.sharing.source_of):
            copied[row] = logits[source]
        out = torch.einsum("bhnm,bhmc->bhnc", copied.softmax(-1), v).transpose(1, 2).flatten(2)
        return attn.to_out[0](out)
