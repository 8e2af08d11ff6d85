"""The editor part: a U-Net that is given a noised latent and a photo's, trained on latents of (photo, edit) pairs.

z_t is the noised latent of the edited picture, c_I the unscaled latent of the photo, c_T the text states
(InstructPix2Pix, section 3.2).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from torch import Tensor

from .assemble import assemble
from .base import Base, resolution_of
from .config import EditorConfig, LoraConfig
from .diffusion import draw_timesteps, min_snr_weights, place_weights, scheduler_of, target_of
from .keeping import other_texts
from .latents import LatentPairs
from .lora import add_lora, save_lora
from .part import Figures, device_of
from .unet import fresh_unet, load_unet

CHANGED = 0.3  # by which latents of about unit variance differ, in root mean square over channels, where an edit is


@dataclass(frozen=True)
class Noised:
    """Some pairs on their way: all that one forward pass needs, on one device."""

    x0: Tensor  # (b, c, h, w) edited latents
    photo: Tensor  # (b, c, h, w)
    text: Tensor  # (b, l, d)
    noise: Tensor  # (b, c, h, w)
    timesteps: Tensor  # (b,)
    kept: Tensor | None = None  # (b,) where the adapter is to change nothing


@dataclass(frozen=True)
class Drawn:
    """Samples of a batch as they are drawn."""

    noised: Noised
    no_photo: Tensor  # (b,) where the photo is dropped

    def tensors(self) -> list[Tensor]:
        """All of them."""
        noised = (getattr(self.noised, field.name) for field in fields(self.noised))
        return [self.no_photo, *(tensor for tensor in noised if tensor is not None)]

    def on(self, device: torch.device) -> Drawn:
        """The same on a device; from pinned memory they are copied while it computes."""
        return Drawn(moved(self.noised, device), self.no_photo.to(device, non_blocking=True))


class EditorPart:
    """Trains the U-Net of an editor, or an adapter on it; the outputs of the frozen parts are cached."""

    def __init__(
        self,
        pairs: LatentPairs,
        base: Base,
        config: EditorConfig,
        lora: LoraConfig = LoraConfig(),
        device: str | torch.device = "cpu",
    ) -> None:
        """The finished editor takes over the other parts of `base`.

        Raises:
            MissingExtra, UsageError: the adapter cannot be had.
        """
        self.pairs, self.base, self.config, self.lora = pairs, base, config, lora
        side = resolution_of(base, config) // base.factor
        self.model: UNet2DConditionModel = (
            load_unet(base) if base.has_unet else fresh_unet(config, base.latent_channels, base.text_width, side)
        )
        self.scheduler = scheduler_of(base.folder if base.has_unet else None, config.prediction)
        if lora.rank:
            add_lora(self.model, lora)
        self._other = other_texts(base, pairs.store) if lora.keep else None  # (n, l, d)
        if config.gradient_checkpointing:
            self.model.enable_gradient_checkpointing()
        self.frozen = f"{pairs.encoded_by} {self.scheduler.config.prediction_type} {_of_schedule(self.scheduler)}"
        self._to_cuda = torch.device(device).type == "cuda"
        weight = torch.ones(base.latent_channels)
        weight[:3] = config.colour_weight
        self.weight = (weight / weight.mean())[None, :, None, None]

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, Figures]:
        """Mean of the weighted squared errors of a batch drawn with `generator`."""
        return self.loss_of(generator, batch_size, slice(0, batch_size))

    def loss_of(self, generator: torch.Generator, batch_size: int, samples: slice) -> tuple[Tensor, Figures]:
        """The same of some samples of the batch alone."""
        return self.loss_on(self.draw(generator, batch_size, samples))

    def draw(self, generator: torch.Generator, batch_size: int, samples: slice) -> Drawn:
        """Some samples of a batch. All is drawn for the whole batch, and so the same for all of its samples."""
        picked = self.pairs.pick(generator, batch_size)
        no_text, no_photo = draw_dropout(self.config, batch_size, generator)
        timesteps = draw_timesteps(self.scheduler, generator, batch_size, self.config.timestep_power)
        noise = torch.randn(batch_size, *self.pairs.latent_shape(picked.bucket), generator=generator)
        x0, photo, text = self.pairs.take(picked[samples])
        kept = None
        if self._other is not None:
            others = torch.randint(len(self._other), (batch_size,), generator=generator)[samples]
            kept = (torch.rand(batch_size, generator=generator) < self.lora.keep)[samples]
            text = torch.where(kept[:, None, None], self._other[others], text)
        text = torch.where(no_text[samples, None, None], self.pairs.null_text, text)
        noised = Noised(x0, photo, text, noise[samples], timesteps[samples], kept)
        if self._to_cuda:
            noised = _each(noised, Tensor.pin_memory)
        return Drawn(noised, no_photo[samples])

    def loss_on(self, drawn: Drawn) -> tuple[Tensor, Figures]:
        """The loss of what was drawn, and its figures."""
        place = device_of(self.model)
        self.weight = self.weight.to(place)
        drawn = drawn.on(place)
        noised = drawn.noised
        weights = self._weights(noised.x0, noised.photo, noised.timesteps)
        noised = replace(noised, photo=noised.photo * ~drawn.no_photo[:, None, None, None])
        errors = self.errors(noised, weights)  # (b, c)
        per_sample = (errors * self.weight[..., 0, 0]).mean(dim=1)
        by_snr = min_snr_weights(self.scheduler, noised.timesteps, self.config.min_snr_gamma)
        high = noised.timesteps > 0.8 * self.scheduler.config.num_train_timesteps
        figures = {"loss_high_noise": (per_sample.detach() * high).sum() / high.sum().clamp(min=1)}
        if self.config.colour_weight != 1:
            figures["loss_colour"] = errors[:, :3].detach().mean()
        return (per_sample * by_snr).mean(), figures

    def errors(self, noised: Noised, weights: Tensor | None = None) -> Tensor:
        """Squared errors of what the network predicts, a mean for each latent channel.  # (b, c)

        All on the network's device. `weights` are of each latent, (b, 1, h, w) of mean 1; without them all count alike.
        """
        t = noised.timesteps
        z = self.scheduler.add_noise(noised.x0, noised.noise, t)
        target = target_of(self.scheduler, noised.x0, noised.noise, t)
        rows = torch.cat([z, noised.photo], dim=1).to(memory_format=torch.channels_last)
        given = (rows, t, noised.text)
        if noised.kept is not None and noised.kept.any():  # attention takes no empty batch
            target[noised.kept] = self._without_adapter(*(each[noised.kept] for each in given))
        said = self.model(*given).sample.float()
        errors = (said - target).pow(2)
        return (errors if weights is None else errors * weights).mean(dim=(2, 3))

    @torch.no_grad()
    def _without_adapter(self, rows: Tensor, timesteps: Tensor, text: Tensor) -> Tensor:
        """What the base says."""
        self.model.disable_adapters()
        try:
            return self.model(rows, timesteps, text).sample.float()
        finally:
            self.model.enable_adapters()

    def names(self, generator: torch.Generator, batch_size: int) -> list[str]:
        """What is in the batch that `loss` draws with that generator."""
        return self.pairs.names(self.pairs.pick(generator, batch_size))

    def save(self, folder: Path) -> None:
        """The adapter, or the whole checkpoint."""
        if self.lora.rank:
            save_lora(self.model, folder)
        else:
            assemble(folder, self.base, self.model, self.scheduler, self.config)

    def _weights(self, x0: Tensor, photo: Tensor, timesteps: Tensor) -> Tensor | None:
        """(b, 1, h, w) of mean 1 each; None where all of a picture counts alike."""
        if self.config.change_weight == 1:
            return None
        return place_weights(self.scheduler, self._changed(x0, photo), timesteps, self.config.change_weight)

    def _changed(self, x0: Tensor, photo: Tensor) -> Tensor:
        """Where a pair's pictures differ: 1, elsewhere 0.  # (b, c, h, w) twice -> (b, 1, h, w)"""
        difference = (x0 - photo * self.pairs.scaling_factor).pow(2).mean(dim=1, keepdim=True).sqrt()
        return (difference > CHANGED).float()


def moved(noised: Noised, device: torch.device) -> Noised:
    """On a device."""
    return _each(noised, lambda tensor: tensor.to(device, non_blocking=True))


def _each(noised: Noised, change: Callable[[Tensor], Tensor]) -> Noised:
    tensors = {field.name: getattr(noised, field.name) for field in fields(noised)}
    changed: dict[str, Any] = {name: None if each is None else change(each) for name, each in tensors.items()}
    return Noised(**changed)


def _of_schedule(scheduler: DDIMScheduler) -> str:
    """A name for what noise is added at each timestep."""
    return hashlib.blake2b(scheduler.alphas_cumprod.numpy().tobytes(), digest_size=8).hexdigest()


def draw_dropout(config: EditorConfig, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Which samples lose their text and which their photo, by one draw each (InstructPix2Pix, section 3.2.1).

    Returns two masks, (count,) each; both are set for the share `drop_both`.
    """
    u = torch.rand(count, generator=generator)
    no_text = u < config.drop_text + config.drop_both
    no_photo = (u >= config.drop_text) & (u < config.drop_text + config.drop_both + config.drop_image)
    return no_text, no_photo
