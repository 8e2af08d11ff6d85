"""What a U-Net makes of texts alone is made once, not at every step: cross-attention's keys and values, and the pooled
text that some networks add to the time embedding.

The rows of a call have the same text tensor at all steps of a loop, and it reaches the projections as the very same
object. Where something in between makes a new one (a norm, a projection of the hidden states), nothing is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from torch import Tensor, nn


class Remembered(nn.Module):
    """A module that is a function of the texts; the same tensor again costs nothing."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self._module = module
        self._kept: list[tuple[Tensor, Tensor]] = []

    def forward(self, texts: Tensor) -> Tensor:
        """What the module makes of them."""
        for known, made in self._kept:
            if known is texts:
                return made
        made = self._module(texts)
        self._kept.append((texts, made))
        return made


@contextmanager
def texts_read_once(unet: Any) -> Iterator[None]:
    """Within the context, what the network makes of one and the same text tensor is remembered."""
    with ExitStack() as stack:
        for owner, name in _readers_of_texts(unet):
            module = getattr(owner, name)
            setattr(owner, name, Remembered(module))
            stack.callback(setattr, owner, name, module)
        yield


def _readers_of_texts(unet: Any) -> list[tuple[nn.Module, str]]:
    """The modules that get the texts as they are, as attributes of their owners."""
    from diffusers import UNet2DConditionModel
    from diffusers.models.attention_processor import Attention

    if not isinstance(unet, UNet2DConditionModel) or unet.encoder_hid_proj is not None:
        return []
    plain = [
        module
        for module in unet.modules()
        if isinstance(module, Attention)
        and module.is_cross_attention
        and not (module.norm_cross or module.fused_projections or module.added_kv_proj_dim)
    ]
    found: list[tuple[nn.Module, str]] = [(module, name) for module in plain for name in ("to_k", "to_v")]
    return found + ([(unet, "add_embedding")] if unet.config.addition_embed_type == "text" else [])
