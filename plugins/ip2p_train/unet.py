"""The editor's U-Net: the base's own, a text-to-image one made to see a photo, or a fresh one."""

from __future__ import annotations

import torch
from diffusers import UNet2DConditionModel
from torch import nn

from .base import Base
from .config import NORM_GROUPS, EditorConfig


def load_unet(base: Base) -> UNet2DConditionModel:
    """The base's U-Net in float32, with a second set of input channels where it lacks one."""
    unet = UNet2DConditionModel.from_pretrained(
        base.folder, subfolder="unet", use_safetensors=True, local_files_only=True, torch_dtype=torch.float32
    )
    if base.is_text_to_image:
        widen_conv_in(unet, 2 * base.latent_channels)
    return unet


def widen_conv_in(unet: UNet2DConditionModel, channels: int) -> None:
    """Have the first layer take `channels`; what it has learned stays, the new weights are 0 (InstructPix2Pix, 3.2).

    So the first step gives what the text-to-image network gives, whatever the photo.
    """
    old = unet.conv_in
    new = nn.Conv2d(channels, old.out_channels, old.kernel_size, old.stride, old.padding, bias=old.bias is not None)
    with torch.no_grad():
        new.weight.zero_()
        new.weight[:, : old.in_channels].copy_(old.weight)
        if old.bias is not None and new.bias is not None:
            new.bias.copy_(old.bias)
    unet.conv_in = new
    unet.register_to_config(in_channels=channels)


def fresh_unet(config: EditorConfig, channels: int, text_width: int, sample_size: int) -> UNet2DConditionModel:
    """A small U-Net: attention below full latent resolution, text also pooled into the time embedding."""
    levels = len(config.block_out_channels)
    return UNet2DConditionModel(
        sample_size=sample_size,
        in_channels=2 * channels,
        out_channels=channels,
        block_out_channels=config.block_out_channels,
        layers_per_block=1,
        down_block_types=("DownBlock2D", *["CrossAttnDownBlock2D"] * (levels - 1)),
        up_block_types=(*["CrossAttnUpBlock2D"] * (levels - 1), "UpBlock2D"),
        cross_attention_dim=text_width,
        attention_head_dim=config.attention_heads,  # diffusers reads this as the number of heads
        addition_embed_type="text",
        addition_embed_type_num_heads=config.attention_heads,
        time_embedding_dim=config.time_embedding_dim,
        resnet_time_scale_shift="scale_shift",
        norm_num_groups=NORM_GROUPS,
    )
