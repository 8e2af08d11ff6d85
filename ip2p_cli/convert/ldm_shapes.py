"""Configs of the three networks, read off the shapes of weights in the original (latent-diffusion) layout.

What no shape tells is Stable Diffusion 1's: 8 attention heads in the U-Net, 32 groups in norms, heads of 64 in CLIP.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ip2p_cli.errors import ModelError

UNET = "model.diffusion_model."
VAE = "first_stage_model."
TEXT = "cond_stage_model.transformer."
SD1_UNET_HEADS = 8
SD1_LATENT_SIDE = 64
SD1_SCALING_FACTOR = 0.18215
CLIP_HEAD_WIDTH = 64


def shape_of(state: Mapping[str, Tensor], key: str) -> tuple[int, ...]:
    """A weight's shape.

    Raises:
        ModelError: there is no such weight.
    """
    if key not in state:
        raise ModelError(f"this is no InstructPix2Pix checkpoint in the original layout: it has no {key}")
    return tuple(state[key].shape)


def unet_config(state: Mapping[str, Tensor]) -> dict[str, Any]:
    """Config of `UNet2DConditionModel`."""
    levels = _unet_levels(state)
    cross_width = next(shape_of(state, key)[1] for key in _required(state, rf"{re.escape(UNET)}.*attn2\.to_k\.weight"))
    return {
        "_class_name": "UNet2DConditionModel",
        "sample_size": SD1_LATENT_SIDE,
        "in_channels": shape_of(state, f"{UNET}input_blocks.0.0.weight")[1],
        "out_channels": shape_of(state, f"{UNET}out.2.weight")[0],
        "block_out_channels": [width for width, _, _ in levels],
        "down_block_types": ["CrossAttnDownBlock2D" if attends else "DownBlock2D" for _, _, attends in levels],
        "up_block_types": ["CrossAttnUpBlock2D" if attends else "UpBlock2D" for _, _, attends in reversed(levels)],
        "layers_per_block": levels[0][1],
        "transformer_layers_per_block": _count(
            state, rf"{re.escape(UNET)}middle_block\.1\.transformer_blocks\.(\d+)\."
        ),
        "cross_attention_dim": cross_width,
        "attention_head_dim": SD1_UNET_HEADS,  # diffusers' name for the number of heads
    }


def _unet_levels(state: Mapping[str, Tensor]) -> list[tuple[int, int, bool]]:
    """(channels, residual blocks, has attention) of each resolution, from the finest down."""
    levels: list[tuple[int, int, bool]] = []
    width, blocks, attends = 0, 0, False
    for number in range(1, _count(state, rf"{re.escape(UNET)}input_blocks\.(\d+)\.")):
        block = f"{UNET}input_blocks.{number}"
        if f"{block}.0.op.weight" in state:  # a halving of the resolution ends a level
            levels.append((width, blocks, attends))
            blocks, attends = 0, False
            continue
        width = shape_of(state, f"{block}.0.in_layers.2.weight")[0]
        blocks += 1
        attends = attends or f"{block}.1.proj_in.weight" in state
    levels.append((width, blocks, attends))
    return levels


def vae_config(state: Mapping[str, Tensor]) -> dict[str, Any]:
    """Config of `AutoencoderKL`."""
    levels = _count(state, rf"{re.escape(VAE)}encoder\.down\.(\d+)\.")
    widths = [shape_of(state, f"{VAE}encoder.down.{level}.block.0.conv1.weight")[0] for level in range(levels)]
    scale = state.get("scale_factor")
    return {
        "_class_name": "AutoencoderKL",
        "in_channels": shape_of(state, f"{VAE}encoder.conv_in.weight")[1],
        "out_channels": shape_of(state, f"{VAE}decoder.conv_out.weight")[0],
        "latent_channels": shape_of(state, f"{VAE}post_quant_conv.weight")[1],
        "block_out_channels": widths,
        "down_block_types": ["DownEncoderBlock2D"] * levels,
        "up_block_types": ["UpDecoderBlock2D"] * levels,
        "layers_per_block": _count(state, rf"{re.escape(VAE)}encoder\.down\.0\.block\.(\d+)\."),
        "sample_size": SD1_LATENT_SIDE * 2 ** (levels - 1),
        "scaling_factor": SD1_SCALING_FACTOR if scale is None else round(float(scale), 7),
    }


def text_config(state: Mapping[str, Tensor]) -> dict[str, Any]:
    """Config of `CLIPTextModel`, after openai/clip-vit-large-patch14's text tower."""
    tower = f"{TEXT}text_model."
    vocabulary, width = shape_of(state, f"{tower}embeddings.token_embedding.weight")
    return {
        "architectures": ["CLIPTextModel"],
        "model_type": "clip_text_model",
        "vocab_size": vocabulary,
        "hidden_size": width,
        "intermediate_size": shape_of(state, f"{tower}encoder.layers.0.mlp.fc1.weight")[0],
        "num_hidden_layers": _count(state, rf"{re.escape(tower)}encoder\.layers\.(\d+)\."),
        "num_attention_heads": max(1, width // CLIP_HEAD_WIDTH),
        "max_position_embeddings": shape_of(state, f"{tower}embeddings.position_embedding.weight")[0],
        "projection_dim": width,
        "hidden_act": "quick_gelu",
        "layer_norm_eps": 1e-5,
        "bos_token_id": vocabulary - 2,
        "eos_token_id": vocabulary - 1,
        "pad_token_id": vocabulary - 1,
    }


def _count(state: Mapping[str, Tensor], pattern: str) -> int:
    """How many numbers, from 0 up, the pattern's group takes in the names; a ModelError for none."""
    return 1 + max(int(re.match(pattern, key).group(1)) for key in _required(state, pattern))  # type: ignore[union-attr]


def _required(state: Mapping[str, Tensor], pattern: str) -> list[str]:
    keys = [key for key in state if re.match(pattern, key)]
    if not keys:
        plain = pattern.replace("\\", "").replace("(d+)", "N")
        raise ModelError(f"this is no InstructPix2Pix checkpoint in the original layout: it has no {plain}")
    return keys
