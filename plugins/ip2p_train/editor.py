"""The editor part: an 8-channel-style U-Net (2× latent channels in) trained on latents of (photo, edit) pairs.

z_t is the noised latent of the edited picture, c_I the unscaled latent of the photo, c_T the text states
(InstructPix2Pix, section 3.2): the network predicts v = α·ε − σ·x_0 (Salimans & Ho 2022, eq. 9 in the appendix).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from torch import Tensor

from ip2p_cli.api import UsageError

from .assemble import assemble
from .config import EditorConfig
from .latents import LatentPairs
from .loop import device_of


class EditorPart:
    """Trains the U-Net of an editor; autoencoder and text encoder are frozen and their outputs cached."""

    def __init__(
        self, pairs: LatentPairs, config: EditorConfig, base: Path, unet: UNet2DConditionModel | None = None
    ) -> None:
        """`base` is the checkpoint whose other parts the finished editor takes over; no `unet`: a fresh one."""
        self.config, self.pairs, self.base = config, pairs, base
        channels, text_width = pairs.originals.shape[1], pairs.texts.shape[2]
        self.model = unet or fresh_unet(config, channels, text_width, sample_size=pairs.originals.shape[-1])
        # Plain attention: torch's fused CPU kernel is slower backward. Inference is untouched by this.
        self.model.set_attn_processor(AttnProcessor())
        self.scheduler = make_scheduler()
        weight = torch.ones(channels)
        weight[:3] = config.colour_weight
        self.weight = (weight / weight.mean())[None, :, None, None]

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        """Weighted mean squared error of v on a batch drawn with `generator`."""
        x0, image, text = self.pairs.draw(generator, batch_size)  # (b, c, h, w), (b, c, h, w), (b, l, d)
        text, image = self._drop(text, image, generator)
        last = self.scheduler.config.num_train_timesteps - 1
        t = (last * torch.rand(batch_size, generator=generator) ** self.config.timestep_power).round().long()
        noise = torch.randn(x0.shape, generator=generator)
        z = self.scheduler.add_noise(x0, noise, t)
        target = self.scheduler.get_velocity(x0, noise, t)
        place = device_of(self.model)
        rows = torch.cat([z, image], dim=1).to(place, memory_format=torch.channels_last)
        t = t.to(place)
        error = (self.model(rows, t, text.to(place)).sample.float() - target.to(place)).pow(2)
        per_sample = (error * self.weight.to(place)).mean(dim=(1, 2, 3))
        high = t > 0.8 * last
        return per_sample.mean(), {
            "loss_colour": error[:, :3].mean().item(),
            "loss_high_noise": per_sample[high].mean().item() if high.any() else 0.0,
        }

    def save(self, folder: Path) -> None:
        self.model.set_default_attn_processor()
        assemble(folder, self.base, self.model, self.scheduler, self.config)
        self.model.set_attn_processor(AttnProcessor())

    def _drop(self, text: Tensor, image: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Conditioning dropout by one draw per sample (InstructPix2Pix, section 3.2.1): null text, zero image."""
        u = torch.rand(len(text), generator=generator)
        c = self.config
        no_text = u < c.drop_text + c.drop_both
        no_image = (u >= c.drop_text) & (u < c.drop_text + c.drop_both + c.drop_image)
        text = torch.where(no_text[:, None, None], self.pairs.null_text, text)
        return text, image * (~no_image)[:, None, None, None]


def load_unet(base: Path, pairs: LatentPairs) -> UNet2DConditionModel:
    """The base's own U-Net.

    Raises:
        UsageError: it does not take noised and photo latents side by side.
    """
    unet = UNet2DConditionModel.from_pretrained(
        base, subfolder="unet", use_safetensors=True, local_files_only=True, torch_dtype=torch.float32
    )
    channels = pairs.originals.shape[1]
    if unet.config.in_channels != 2 * channels:
        raise UsageError(
            f"{base}: its U-Net takes {unet.config.in_channels} channels, an editor takes {2 * channels} "
            f"(2 × the latents'); give a --base that is an editor, or set [editor] fresh = true"
        )
    return unet


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
        norm_num_groups=16,
    )


def make_scheduler(**changes: Any) -> DDIMScheduler:
    """Zero-terminal SNR with v-prediction and trailing steps (Lin et al. 2023): a picture can turn dark as a whole."""
    settings: dict[str, Any] = {
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "prediction_type": "v_prediction",
        "rescale_betas_zero_snr": True,
        "timestep_spacing": "trailing",
        "clip_sample": False,
        "set_alpha_to_one": True,
    }
    return DDIMScheduler(**{**settings, **changes})
