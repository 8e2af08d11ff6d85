"""The text-to-image part: a U-Net that attends to itself and to the caption at every level, and its text encoder.

Prompt-to-Prompt keeps a picture by its self-attention (Hertz et al. 2022, arXiv 2208.01626, section 3.2): a level
without any would be free to draw something else. The autoencoder is frozen; the text encoder is trained along, from
nothing or from a CLIP's, since the captions of drawn data are few in kind, and a small network learns best with a
language of its own.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusionPipeline, UNet2DConditionModel
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from ip2p_cli.api import DrawnData, MarkedData, UsageError

from .assemble import write_checkpoint
from .autoencoder import load_autoencoder
from .config import NORM_GROUPS, TextEncoderConfig, TextToImageConfig
from .diffusion import make_scheduler, middle_timesteps, place_weights
from .drawn import VOCABULARY_TEXTS, as_pixels, draw_rows
from .encoders import fingerprint
from .part import device_of
from .text_encoder import tokenize, train_tokenizer

SCALED_BY = 64  # pictures that the latents' scale is measured on


class CaptionedUNet(nn.Module):
    """What is trained together."""

    def __init__(self, unet: UNet2DConditionModel, text_encoder: CLIPTextModel) -> None:
        super().__init__()
        self.unet, self.text_encoder = unet, text_encoder

    def forward(self, latents: Tensor, timesteps: Tensor, ids: Tensor) -> Tensor:
        """(b, c, h, w), (b,), (b, l) -> (b, c, h, w)."""
        found: Tensor = self.unet(latents, timesteps, self.text_encoder(ids).last_hidden_state).sample
        return found


class TextToImagePart:
    """Trains to predict v = α·ε − σ·x_0 (Salimans & Ho 2022) in the latents of drawn pictures."""

    def __init__(self, data: DrawnData, config: TextToImageConfig, base: Path) -> None:
        """`base` holds the autoencoder; where it has a U-Net and a text encoder as well, they are trained on."""
        self.data, self.config = data, config
        self.frozen = fingerprint(base / "vae").hex()
        self.vae = load_autoencoder(base).eval().requires_grad_(False).to(memory_format=torch.channels_last)
        factor = 2 ** (len(self.vae.config.block_out_channels) - 1)
        channels, side = int(self.vae.config.latent_channels), data.side // factor
        self._latent_shape = (channels, side, side)
        goes_on = not config.fresh and (base / "unet").is_dir()
        if goes_on:
            self.tokenizer, text_encoder = load_text(base / "tokenizer", base / "text_encoder")
            unet = UNet2DConditionModel.from_pretrained(base / "unet", torch_dtype=torch.float32)
        else:
            self.tokenizer, text_encoder = self._fresh_text()
            unet = fresh_unet(config, channels, side, text_encoder.config.hidden_size)
        self._max_length = text_encoder.config.max_position_embeddings
        self.model: nn.Module = CaptionedUNet(unet, text_encoder)
        self.scheduler = make_scheduler(steps_offset=1)  # unused by trailing steps, but the pipeline insists
        if goes_on:
            return
        # Latents of unit variance, as a noise schedule takes them to be (Rombach et al. 2022, arXiv 2112.10752, G).
        self.vae.register_to_config(scaling_factor=1.0)
        deviation = self._latents(as_pixels(data.captioned(range(SCALED_BY))[1])).std().item()
        self.vae.register_to_config(scaling_factor=1 / deviation)

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        """Mean squared error of v on a batch drawn with `generator`."""
        return self.loss_of(generator, batch_size, slice(0, batch_size))

    def loss_of(self, generator: torch.Generator, batch_size: int, samples: slice) -> tuple[Tensor, dict[str, float]]:
        """The same of some samples of the batch alone; only their pictures are drawn."""
        rows = draw_rows(self.data, generator, batch_size)
        left_out = torch.rand(batch_size, generator=generator) < self.config.drop_text
        t = middle_timesteps(self.scheduler, generator, batch_size)[samples]
        noise = torch.randn(batch_size, *self._latent_shape, generator=generator)[samples]
        captions, pictures = self.data.captioned(rows[samples])
        x0 = self._latents(as_pixels(pictures))
        ids = tokenize(self.tokenizer, leave_out(captions, left_out[samples]), self._max_length)
        z = self.scheduler.add_noise(x0, noise, t).to(memory_format=torch.channels_last)
        target = self.scheduler.get_velocity(x0, noise, t)
        place = device_of(self.model)
        high = (t > 0.7 * self.scheduler.config.num_train_timesteps).to(place)
        error = (self.model(z.to(place), t.to(place), ids.to(place)).float() - target.to(place)).pow(2)
        per_sample = (error * self._weights(rows[samples], t).to(place)).mean(dim=(1, 2, 3))
        return per_sample.mean(), {
            "loss_high_noise": per_sample[high].mean().item() if high.any() else 0.0,
            "latent_deviation": x0.std().item(),
        }

    def _weights(self, rows: Sequence[int], t: Tensor) -> Tensor:
        """(b, 1, h, w) of mean 1 each: more where things are, once the noise is low enough to see them."""
        height, width = self._latent_shape[1:]
        if self.config.thing_weight == 1 or not isinstance(self.data, MarkedData):
            return torch.ones(len(rows), 1, height, width)
        marks = torch.from_numpy(self.data.marked(rows)).float()[:, None]  # (b, 1, H, W)
        shares = torch.nn.functional.adaptive_avg_pool2d(marks, (height, width))
        return place_weights(self.scheduler, shares, t, self.config.thing_weight)

    def save(self, folder: Path) -> None:
        """A checkpoint that any Stable Diffusion pipeline opens."""
        dtype = getattr(torch, self.config.save_dtype)
        model: Any = copy.deepcopy(self.model).to(dtype)
        pipeline = StableDiffusionPipeline(
            vae=copy.deepcopy(self.vae).to(dtype),
            text_encoder=model.text_encoder,
            tokenizer=self.tokenizer,
            unet=model.unet,
            scheduler=self.scheduler,
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
        write_checkpoint(folder, pipeline)

    @torch.no_grad()
    def _latents(self, pixels: Tensor) -> Tensor:
        """(b, 3, H, W) in [-1, 1] -> (b, c, h, w) of about unit variance."""
        place = device_of(self.model)
        encoded = self.vae.to(place).encode(pixels.to(place, memory_format=torch.channels_last)).latents.cpu()
        return (encoded.float() * self.vae.config.scaling_factor).contiguous()

    def _fresh_text(self) -> tuple[CLIPTokenizer, CLIPTextModel]:
        """Tokenizer and text encoder to begin with: a CLIP's, or ones that know nothing."""
        if self.config.clip:
            return load_text(Path(self.config.clip), Path(self.config.clip))
        tokenizer = train_tokenizer(self.data.texts(range(VOCABULARY_TEXTS)), _vocabulary(self.config))
        return tokenizer, CLIPTextModel(_text_config(self.config, tokenizer))


def leave_out(captions: Sequence[str], left_out: Tensor) -> list[str]:
    """Captions, some of them left out, for guidance (Ho & Salimans 2022, arXiv 2207.12598)."""
    return ["" if drop else text for text, drop in zip(captions, left_out.tolist(), strict=True)]


def fresh_unet(config: TextToImageConfig, channels: int, sample_size: int, text_width: int) -> UNet2DConditionModel:
    """Self- and cross-attention at every level; the caption also goes, pooled, into the time embedding."""
    levels = len(config.block_out_channels)
    return UNet2DConditionModel(
        sample_size=sample_size,
        in_channels=channels,
        out_channels=channels,
        block_out_channels=config.block_out_channels,
        layers_per_block=config.layers_per_block,
        down_block_types=("CrossAttnDownBlock2D",) * levels,
        up_block_types=("CrossAttnUpBlock2D",) * levels,
        cross_attention_dim=text_width,
        attention_head_dim=config.attention_heads,  # diffusers reads this as the number of heads
        addition_embed_type="text",
        addition_embed_type_num_heads=config.attention_heads,
        time_embedding_dim=config.time_embedding_dim,
        resnet_time_scale_shift="scale_shift",
        norm_num_groups=NORM_GROUPS,
    )


def load_text(tokenizer: Path, text_encoder: Path) -> tuple[CLIPTokenizer, CLIPTextModel]:
    """Tokenizer and text encoder, in float32, of a checkpoint or of a CLIP.

    Stable Diffusion begins with a CLIP's, too (Rombach et al. 2022, section 4.3.1).

    Raises:
        UsageError: there are none.
    """
    try:
        return CLIPTokenizer.from_pretrained(tokenizer), CLIPTextModel.from_pretrained(
            text_encoder, dtype=torch.float32
        )
    except (OSError, ValueError) as problem:
        raise UsageError(f"no CLIP text encoder in {text_encoder} ({str(problem).splitlines()[0]})") from problem


def _vocabulary(config: TextToImageConfig) -> TextEncoderConfig:
    return TextEncoderConfig(vocabulary=config.vocabulary, max_length=config.max_length)


def _text_config(config: TextToImageConfig, tokenizer: CLIPTokenizer) -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=config.text_width,
        intermediate_size=4 * config.text_width,
        num_hidden_layers=config.text_layers,
        num_attention_heads=max(1, config.text_width // 32),
        max_position_embeddings=config.max_length,
        projection_dim=config.text_width,
        hidden_act="gelu",
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
