"""Attention of narrow heads, as wide as a CPU's kernels want them.

PyTorch's attention on CPUs takes twice as long for heads of 10 channels as for the same ones filled up to 16 with
zeros, forward and backward. Zeros add nothing to the products of queries and keys, and what they give of the values is
cut off.
"""

from __future__ import annotations

import torch.nn.functional as F
from diffusers.models.attention_processor import Attention, AttnProcessor2_0
from torch import Tensor, nn

WIDTH = 16  # channels of a head; above it filling up costs more than it gains


def fill_narrow_heads(model: nn.Module) -> None:
    """From now on the model's plain attention is computed so, where its heads are narrow. Results are the same but for
    rounding."""
    for module in model.modules():
        if isinstance(module, Attention) and _is_plain(module) and module.inner_dim // module.heads < WIDTH:
            module.set_processor(_FilledUp())


class _FilledUp:
    """diffusers' way to put other attention into a network."""

    def __call__(
        self,
        attn: Attention,
        hidden_states: Tensor,  # (b, n, d)
        encoder_hidden_states: Tensor | None = None,  # (b, m, e)
        attention_mask: None = None,
        temb: None = None,
    ) -> Tensor:
        """Returns (b, n, d)."""
        attended = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        q, k, v = (
            _heads(project(given), attn.heads)
            for project, given in ((attn.to_q, hidden_states), (attn.to_k, attended), (attn.to_v, attended))
        )
        width = attn.inner_dim // attn.heads
        found = F.scaled_dot_product_attention(q, k, v, scale=width**-0.5)[..., :width]
        joined = found.transpose(1, 2).flatten(2)
        said: Tensor = attn.to_out[1](attn.to_out[0](joined))
        return said


def _heads(channels: Tensor, heads: int) -> Tensor:
    """(b, n, heads x width) -> (b, heads, n, WIDTH), the last channels 0."""
    split = channels.unflatten(-1, (heads, -1))
    return F.pad(split, (0, WIDTH - split.shape[-1])).transpose(1, 2)


def _is_plain(attention: Attention) -> bool:
    """Softmax attention of linear projections, with nothing before, after or beside it."""
    further = ("group_norm", "spatial_norm", "norm_q", "norm_k", "norm_cross", "added_kv_proj_dim")
    return (
        type(attention.processor) is AttnProcessor2_0
        and all(getattr(attention, name, None) is None for name in further)
        and not (attention.residual_connection or attention.fused_projections)
        and attention.rescale_output_factor == 1
    )
