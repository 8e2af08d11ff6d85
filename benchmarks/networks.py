"""Checkpoints with random weights, in Stable Diffusion 1.5's shape and in smaller ones: what speed depends on."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCHEDULE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


@dataclass(frozen=True)
class Shape:
    """Widths and depths of the networks; what is not said is as in SD 1.5."""

    unet: tuple[int, ...]  # channels of each level
    vae: tuple[int, ...]
    text_width: int
    text_layers: int
    tokens: int = 77
    heads: int = 8  # of the U-Net's attention
    layers: int = 2  # in a level, of U-Net and autoencoder
    groups: int = 32

    def __str__(self) -> str:
        return "U-Net of " + "-".join(map(str, self.unet))

    @property
    def factor(self) -> int:
        """Pixels a latent, each way."""
        return int(2 ** (len(self.vae) - 1))


SD15 = Shape((320, 640, 1280, 1280), (128, 256, 512, 512), 768, 12)
QUARTER = Shape((80, 160, 320, 320), (32, 64, 128, 128), 192, 12, groups=16)
TINY = Shape((16, 16), (8, 8), 16, 1, tokens=16, heads=2, layers=1, groups=8)  # where the networks are not the matter


def make_unet(shape: Shape, in_channels: int) -> Any:
    """diffusers' U-Net: 8 channels in for an editor, 4 for text-to-image. Its cross-attention takes `text_width`."""
    from diffusers import UNet2DConditionModel

    further = len(shape.unet) - 1
    return UNet2DConditionModel(
        sample_size=64,
        in_channels=in_channels,
        out_channels=4,
        block_out_channels=shape.unet,
        down_block_types=("CrossAttnDownBlock2D",) * further + ("DownBlock2D",),
        up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * further,
        layers_per_block=shape.layers,
        norm_num_groups=shape.groups,
        attention_head_dim=shape.heads,
        cross_attention_dim=shape.text_width,
    ).eval()


def write_checkpoint(folder: Path, shape: Shape, size: int, seed: int = 0, device: str = "cpu") -> Path:
    """Write an InstructPix2Pix checkpoint for pictures of `size` pixels a side, with mini's words; drawn on `device`.

    Returns `folder`.
    """
    import torch
    from diffusers import DDIMScheduler, StableDiffusionInstructPix2PixPipeline
    from transformers import CLIPTextConfig, CLIPTextModel

    from ip2p_cli.api import find_model
    from ip2p_train.encoders import load_text

    tokenizer = copy.deepcopy(load_text(find_model("mini"))[0])
    tokenizer.model_max_length = shape.tokens
    text = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=shape.text_width,
        intermediate_size=4 * shape.text_width,
        num_hidden_layers=shape.text_layers,
        num_attention_heads=max(1, shape.text_width // 64),
        max_position_embeddings=shape.tokens,
    )
    with torch.random.fork_rng(), torch.device(device):
        torch.manual_seed(seed)
        unet = make_unet(shape, in_channels=8)
        unet.register_to_config(sample_size=size // shape.factor)
        StableDiffusionInstructPix2PixPipeline(
            vae=_make_vae(shape),
            text_encoder=CLIPTextModel(text),
            tokenizer=tokenizer,
            unet=unet,
            scheduler=DDIMScheduler(**SCHEDULE, clip_sample=False, set_alpha_to_one=False),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        ).save_pretrained(folder)
    return folder


def _make_vae(shape: Shape) -> Any:
    from diffusers import AutoencoderKL

    levels = len(shape.vae)
    return AutoencoderKL(
        block_out_channels=shape.vae,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        layers_per_block=shape.layers,
        latent_channels=4,
        norm_num_groups=shape.groups,
    ).eval()
