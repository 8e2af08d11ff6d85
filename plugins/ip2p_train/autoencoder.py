"""The autoencoder part: a tiny convolutional codec whose first three latent channels are anchored to colour.

A look ("make it night", "sepia") is mostly a change of colour. In an unconstrained latent space chroma is a small
direction among large ones, learned last by the editor. Here latent channels 0..2 are pulled to the mean luma and
chroma of their patch, scaled to about unit variance, so that colour edits are near-linear in the latents.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
import torch.nn.functional as F
from diffusers import AutoencoderTiny
from diffusers.models.autoencoders.vae import AutoencoderTinyBlock
from torch import Tensor, nn

from .config import AutoencoderConfig
from .part import Figures, device_of

# ITU-R BT.601 luma and colour differences, each divided by a scale that gives photos about unit variance.
_YCBCR = torch.tensor([[0.299, 0.587, 0.114], [-0.1687, -0.3313, 0.5], [0.5, -0.4187, -0.0813]])
_SCALE = torch.tensor([0.25, 0.1, 0.1])


class Crops(Protocol):
    """Where the pictures come from."""

    def draw(self, generator: torch.Generator, count: int, grid: int = 0) -> Tensor:
        """(count, 3, s, s) in [-1, 1]; with a `grid`, at their own scale, on multiples of so many pixels."""


@dataclass(frozen=True)
class DrawnCrops:
    """A batch as it is drawn."""

    pictures: Tensor  # (b, 3, s, s) in [-1, 1]
    noise: Tensor  # (b, c, s/f, s/f) for the latents

    def tensors(self) -> list[Tensor]:
        """All of it."""
        return [self.pictures, self.noise]

    def on(self, device: torch.device) -> DrawnCrops:
        """The same on a device."""
        pictures = self.pictures.to(device, memory_format=torch.channels_last, non_blocking=True)
        return DrawnCrops(pictures, self.noise.to(device, non_blocking=True))


class AutoencoderPart:
    """Trains an `AutoencoderTiny` on pictures."""

    def __init__(self, crops: Crops, config: AutoencoderConfig, start: AutoencoderTiny | None = None) -> None:
        """`start` is trained on; without it, a fresh one is."""
        self.config, self.crops = config, crops
        self.model = start or fresh_autoencoder(config)
        self.factor = 2 ** (len(self.model.config.block_out_channels) - 1)
        if config.decoder_only:
            self.model.encoder.requires_grad_(False)
        is_mixed = start is not None and config.share_of_base > 0
        self._base = {name: each.detach().clone() for name, each in self.model.state_dict().items()} if is_mixed else {}

        self._ycbcr, self._scale = _YCBCR, _SCALE

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, Figures]:
        """Reconstruction (pixels, edges, coarse scales) + colour anchor + unit-variance latents."""
        return self.loss_on(self.draw(generator, batch_size, slice(0, batch_size)))

    def draw(self, generator: torch.Generator, batch_size: int, samples: slice) -> DrawnCrops:
        """The batch. It is never divided: the loss is of the batch's own variance, too."""
        pictures = self._crops(generator, batch_size)[samples]
        side = pictures.shape[-1] // self.factor
        channels = self.model.config.latent_channels
        noise = torch.randn(len(pictures), channels, side, side, generator=generator) * self.config.latent_noise
        return DrawnCrops(pictures, noise)

    def loss_on(self, drawn: DrawnCrops) -> tuple[Tensor, Figures]:
        """The loss of what was drawn, and its figures."""
        config, place = self.config, device_of(self.model)
        drawn = drawn.on(place)
        x = drawn.pictures
        z = self.model.encoder(x)  # (b, c, s/f, s/f)
        y = self.model.decoder(z + drawn.noise).float()
        z = z.float()
        pixels = F.smooth_l1_loss(y, x, beta=0.1)
        coarse = F.l1_loss(F.avg_pool2d(y, 8), F.avg_pool2d(x, 8))
        edges = F.l1_loss(_gradients(y), _gradients(x))
        anchor = F.mse_loss(z[:, :3], self._colour_of(x))
        unit = (z.std(dim=(0, 2, 3))[3:] - 1).pow(2).mean() + z.mean(dim=(0, 2, 3))[3:].pow(2).mean()
        texture = F.l1_loss(texture_energy(y), texture_energy(x))
        total = (
            pixels
            + coarse
            + config.gradient_weight * edges
            + config.texture_weight * texture
            + config.anchor_weight * anchor
            + config.unit_weight * unit
        )
        psnr = -10 * torch.log10(F.mse_loss(y.detach().clamp(-1, 1), x) / 4)
        return total, {"psnr": psnr, "texture": texture.detach(), "anchor": anchor.detach(), "unit": unit.detach()}

    def _colour_of(self, x: Tensor) -> Tensor:
        """Mean luma and chroma of each patch, about unit variance: (b, 3, s, s) -> (b, 3, s/f, s/f)."""
        self._ycbcr, self._scale = (each.to(x.device) for each in (self._ycbcr, self._scale))  # once
        return colour_of(x, self.factor, self._ycbcr, self._scale)

    def _crops(self, generator: torch.Generator, count: int) -> Tensor:
        aligned = round(count * self.config.aligned_share)
        crops = self.crops.draw(generator, count - aligned)
        if aligned:
            crops = torch.cat([crops, self.crops.draw(generator, aligned, self.factor)])
        return recolour(crops, self.config.recolour, generator)

    def save(self, folder: Path) -> None:
        """Write it; mixed with the base, weight by weight, as the settings say (Wortsman et al. 2022, "Model soups",
        arXiv 2203.05482)."""
        mixed = copy.deepcopy(self.model)
        for name, each in mixed.state_dict().items():
            if name in self._base:
                each.lerp_(self._base[name].to(each), self.config.share_of_base)
        mixed.save_pretrained(folder / "vae")


def fresh_autoencoder(config: AutoencoderConfig) -> AutoencoderTiny:
    """A new one whose signal neither dies nor grows on its way (He et al. 2015, arXiv 1502.01852, section 2.2).

    By PyTorch's own start each convolution shrinks it to less than a half; without norms in between, the first
    thousands of pictures would be spent on growing it again.
    """
    model = AutoencoderTiny(
        latent_channels=config.latent_channels,
        encoder_block_out_channels=(config.width,) * len(config.encoder_blocks),
        decoder_block_out_channels=(config.width,) * len(config.decoder_blocks),
        num_encoder_blocks=config.encoder_blocks,
        num_decoder_blocks=config.decoder_blocks,
    )
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, AutoencoderTinyBlock):
                module.conv[-1].weight.mul_(0.2)  # what a block adds to its input is little at first
        for half in (model.encoder, model.decoder):
            half.layers[-1].weight.mul_(0.5)
    return model


def load_autoencoder(base: Path) -> AutoencoderTiny:
    """The autoencoder of a checkpoint folder, in float32."""
    return AutoencoderTiny.from_pretrained(
        base, subfolder="vae", use_safetensors=True, local_files_only=True, torch_dtype=torch.float32
    )


def colour_of(x: Tensor, factor: int, ycbcr: Tensor = _YCBCR, scale: Tensor = _SCALE) -> Tensor:
    """Mean luma and chroma of each factor × factor patch, about unit variance: (b, 3, h, w) -> (b, 3, h/f, w/f).

    The matrix and the scales are on the pictures' device.
    """
    patches = F.avg_pool2d(x.float() / 2, factor)  # in [-0.5, 0.5], so luma is centred
    return torch.einsum("kc,bchw->bkhw", ycbcr, patches) / scale[None, :, None, None]


def recolour(x: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Give a `share` of the crops a random colour matrix, contrast and offset, clipped to [-1, 1]."""
    b = x.shape[0]
    matrix = torch.eye(3) + 0.35 * torch.randn(b, 3, 3, generator=generator)
    sign = torch.where(torch.rand(b, 1, 1, generator=generator) < 0.1, -1.0, 1.0)
    gain = torch.exp(0.5 * torch.randn(b, 1, 1, generator=generator))
    offset = 0.35 * torch.randn(b, 3, 1, 1, generator=generator) * torch.rand(b, 1, 1, 1, generator=generator)
    changed = (torch.einsum("bkc,bchw->bkhw", matrix * sign * gain, x) + offset).clamp(-1, 1)
    chosen = torch.rand(b, 1, 1, 1, generator=generator) < share
    return torch.where(chosen, changed, x)


def texture_energy(x: Tensor) -> Tensor:
    """Root mean square of the differences in each 8 × 8 patch, (b, c, h, w) -> (2b, c, h/4, w/4).

    A blurred edge keeps its sum of absolute differences but loses their energy: matching it asks for edges as sharp
    as the picture's, without asking where in the patch each of them lies.
    """
    return (F.avg_pool2d(_gradients(x).pow(2), 8, stride=4) + 1e-4).sqrt()


def _gradients(x: Tensor) -> Tensor:
    """Horizontal and vertical differences, concatenated on the batch axis (equal sizes by cropping)."""
    dx = x[..., :-1, 1:] - x[..., :-1, :-1]
    dy = x[..., 1:, :-1] - x[..., :-1, :-1]
    return torch.cat([dx, dy])
