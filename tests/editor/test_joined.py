"""Convolutions with nothing between them, as one: the same pictures, up to their borders, for less work."""

from __future__ import annotations

import copy

import pytest
import torch
from diffusers import AutoencoderTiny
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from ip2p_cli.editor.joined import FromPicture, ToPicture, join_convolutions
from ip2p_cli.editor.upsampling import merge_upsampling

SIDES = st.integers(1, 11)
BIASES = st.tuples(st.booleans(), st.booleans())


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 3), SIDES, SIDES, BIASES, st.integers(0, 1000))
def test_from_a_picture(count: int, height: int, width: int, biases: tuple[bool, bool], seed: int) -> None:
    torch.manual_seed(seed)
    first = nn.Conv2d(3, 5, 3, padding=1, bias=biases[0])
    second = nn.Conv2d(5, 4, 3, stride=2, padding=1, bias=biases[1])
    x = torch.randn(count, 3, height, width)
    assert torch.allclose(FromPicture(first, second)(x), second(first(x)), atol=1e-5)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 3), SIDES, SIDES, BIASES, st.integers(0, 1000))
def test_to_a_picture(count: int, height: int, width: int, biases: tuple[bool, bool], seed: int) -> None:
    torch.manual_seed(seed)
    up = nn.Upsample(scale_factor=2)
    first = nn.Conv2d(5, 6, 3, padding=1, bias=biases[0])
    second = nn.Conv2d(6, 3, 3, padding=1, bias=biases[1])
    x = torch.randn(count, 5, height, width)
    assert torch.allclose(ToPicture(up, first, second)(x), second(first(up(x))), atol=1e-5)


def _autoencoder(blocks_at_full_size: int) -> AutoencoderTiny:
    torch.manual_seed(0)
    options = {"encoder_block_out_channels": (8, 8), "decoder_block_out_channels": (8, 8)}
    blocks = (blocks_at_full_size, 1)
    return AutoencoderTiny(num_encoder_blocks=blocks, num_decoder_blocks=blocks[::-1], **options).eval()


@torch.no_grad()
@pytest.mark.parametrize("blocks", [0, 1])
def test_an_autoencoder_is_the_same_for_less_work(blocks: int) -> None:
    autoencoder = _autoencoder(blocks)
    joined = copy.deepcopy(autoencoder)
    join_convolutions(joined)
    merge_upsampling(joined)
    kinds = [kind for kind in (FromPicture, ToPicture) if any(isinstance(each, kind) for each in joined.modules())]
    assert kinds == ([] if blocks else [FromPicture, ToPicture])
    picture = torch.rand(2, 3, 32, 48) * 2 - 1
    work = []
    for each in (autoencoder, joined):
        with FlopCounterMode(display=False) as counter:
            each(picture)
        work.append(counter.get_total_flops())
    assert work[1] < (1 if blocks else 0.8) * work[0]
    latents = autoencoder.encode(picture).latents
    assert torch.allclose(joined.encode(picture).latents, latents, atol=1e-5)
    assert torch.allclose(joined.decode(latents).sample, autoencoder.decode(latents).sample, atol=1e-5)
