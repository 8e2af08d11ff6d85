"""Attention of narrow heads, filled up: the same results and gradients as diffusers' own, and only where it pays."""

from __future__ import annotations

import copy

import pytest
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.models.attention_processor import Attention, AttnProcessor2_0

from ip2p_train.narrow_heads import WIDTH, fill_narrow_heads


def network(heads: int) -> UNet2DConditionModel:
    torch.manual_seed(0)
    return UNet2DConditionModel(
        sample_size=8,
        in_channels=8,
        out_channels=4,
        block_out_channels=(32, 32),
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        layers_per_block=1,
        norm_num_groups=8,
        cross_attention_dim=24,
        attention_head_dim=heads,  # diffusers reads this as the number of heads
    )


def filled(model: torch.nn.Module) -> list[bool]:
    attention = [module for module in model.modules() if isinstance(module, Attention)]
    return [type(module.processor) is not AttnProcessor2_0 for module in attention]


@pytest.mark.parametrize("heads", [4, 32])
def test_the_same_prediction_and_gradients(heads: int) -> None:
    plain = network(heads)
    wide = copy.deepcopy(plain)
    fill_narrow_heads(wide)
    assert all(filled(wide)) and len(filled(wide)) > 3
    rows, texts, t = torch.randn(2, 8, 8, 8), torch.randn(2, 5, 24), torch.tensor([3, 900])
    for model in (plain, wide):
        model(rows, t, texts).sample.pow(2).mean().backward()
    with torch.no_grad():
        torch.testing.assert_close(wide(rows, t, texts).sample, plain(rows, t, texts).sample)
    for mine, theirs in zip(wide.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad)


def test_heads_wide_enough_are_left_alone() -> None:
    model = network(32 // WIDTH)
    fill_narrow_heads(model)
    assert not any(filled(model))


def test_attention_that_does_more_is_left_alone() -> None:
    normed = Attention(32, cross_attention_dim=24, heads=4, dim_head=8, cross_attention_norm="layer_norm")
    fill_narrow_heads(normed)
    assert filled(normed) == [False], "a norm of the texts"
    vae = AutoencoderKL(block_out_channels=(8,), norm_num_groups=4, latent_channels=4)
    fill_narrow_heads(vae)
    assert filled(vae) == [False, False], "with a norm and a sum of its own"


def test_what_is_filled_is_saved_and_copied_as_before() -> None:
    plain, wide = network(4), network(4)
    fill_narrow_heads(wide)
    assert wide.config == plain.config
    assert list(wide.state_dict()) == list(plain.state_dict())
