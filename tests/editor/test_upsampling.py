"""A convolution after upsampling, merged with it: the same pictures, for less work."""

from __future__ import annotations

import copy

import pytest
import torch
from diffusers import AutoencoderKL, AutoencoderTiny, UNet2DConditionModel
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from ip2p_cli.editor.upsampling import UpsampledConv2d, merge_upsampling


@settings(deadline=None, max_examples=30)
@given(
    st.integers(1, 3),
    st.integers(1, 5),
    st.integers(1, 5),
    st.integers(1, 9),
    st.integers(1, 9),
    st.booleans(),
    st.data(),
)
def test_gives_what_upsampling_and_convolution_give(
    count: int, channels: int, outputs: int, height: int, width: int, bias: bool, data: st.DataObject
) -> None:
    torch.manual_seed(data.draw(st.integers(0, 1000)))
    conv = nn.Conv2d(channels, outputs, 3, padding=1, bias=bias)
    x = torch.randn(count, channels, height, width)
    expected = conv(nn.functional.interpolate(x, scale_factor=2.0))
    assert torch.allclose(UpsampledConv2d(conv)(x), expected, atol=1e-5)


def _unet() -> UNet2DConditionModel:
    torch.manual_seed(0)
    return UNet2DConditionModel(
        sample_size=8,
        in_channels=4,
        out_channels=4,
        block_out_channels=(16, 32),
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        layers_per_block=1,
        cross_attention_dim=16,
        attention_head_dim=4,
        norm_num_groups=8,
    ).eval()


@pytest.mark.parametrize("side", [8, 7])  # at 7 the way up is not by two, and the layers work as they did
@torch.no_grad()
def test_a_unet_is_the_same(side: int) -> None:
    unet = _unet()
    merged = copy.deepcopy(unet)
    merge_upsampling(merged)
    given = (torch.randn(2, 4, side, side), torch.tensor(500), torch.randn(2, 3, 16))
    assert torch.allclose(merged(*given).sample, unet(*given).sample, atol=1e-5)


@torch.no_grad()
def test_autoencoders_are_the_same() -> None:
    torch.manual_seed(0)
    tiny = AutoencoderTiny(encoder_block_out_channels=(8, 8), decoder_block_out_channels=(8, 8),
                           num_encoder_blocks=(0, 1), num_decoder_blocks=(1, 0)).eval()  # fmt: skip
    large = AutoencoderKL(
        block_out_channels=(8, 16),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        norm_num_groups=4,
    ).eval()
    for autoencoder in (tiny, large):
        merged = copy.deepcopy(autoencoder)
        merge_upsampling(merged)
        latents = torch.randn(2, 4, 5, 6)
        assert any(isinstance(module, UpsampledConv2d) for module in merged.modules())
        assert torch.allclose(merged.decode(latents).sample, autoencoder.decode(latents).sample, atol=1e-5)


@torch.no_grad()
def test_for_four_ninths_of_the_work() -> None:
    conv, x = nn.Conv2d(8, 8, 3, padding=1, bias=False), torch.randn(1, 8, 64, 64)
    with FlopCounterMode(display=False) as before:
        conv(nn.functional.interpolate(x, scale_factor=2.0))
    with FlopCounterMode(display=False) as after:
        UpsampledConv2d(conv)(x)
    assert after.get_total_flops() / before.get_total_flops() == pytest.approx(4 / 9, rel=0.05)  # it has a border


def test_other_layers_are_left_alone() -> None:
    layers = nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(4, 4, 5, padding=2), nn.Upsample(scale_factor=3))
    layers.append(nn.Conv2d(4, 4, 3, padding=1))
    merge_upsampling(layers)
    assert not any(isinstance(module, UpsampledConv2d) for module in layers.modules())
