"""A text-to-image checkpoint in diffusers layout, and its captions as what its U-Net is given."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ip2p_cli.api import ModelError, choose_device, find_model, quiet_libraries

from ..devices import choose_dtype

# Class in model_index.json -> parts that are not needed to draw.
PIPELINES = {
    "StableDiffusionPipeline": ("safety_checker", "feature_extractor", "image_encoder"),
    "StableDiffusionXLPipeline": ("feature_extractor", "image_encoder"),
}
CACHED_CAPTIONS = 256


@dataclass(frozen=True)
class Text:
    """Encoded captions. `pooled` is there for SDXL only."""

    embeddings: Tensor  # (n, t, d)
    pooled: Tensor | None = None  # (n, p)

    @classmethod
    def cat(cls, texts: Sequence[Text]) -> Text:
        """One after the other."""
        pooled = [text.pooled for text in texts if text.pooled is not None]
        return cls(torch.cat([text.embeddings for text in texts]), torch.cat(pooled) if pooled else None)


class TextToImage:
    """The networks of a text-to-image checkpoint on one device."""

    def __init__(self, pipeline: Any, device: torch.device) -> None:
        self.unet, self.vae, self.tokenizer = pipeline.unet, pipeline.vae, pipeline.tokenizer
        self.device = device
        self.scheduler_config = _said(pipeline.scheduler.config)
        self.factor = int(pipeline.vae_scale_factor)  # pixels a latent
        self.channels = int(self.unet.config.in_channels)
        self.pipeline = pipeline  # diffusers' own, of the same networks
        # One caption at a time: its embedding then does not depend on its company, not even by rounding.
        self._encode = lru_cache(CACHED_CAPTIONS)(self._encode_one)

    @property
    def native_size(self) -> int:
        """Pixels a side that the checkpoint was made for."""
        size = self.unet.config.sample_size
        return int(max(size) if isinstance(size, list | tuple) else size) * self.factor

    @property
    def dtype(self) -> torch.dtype:
        """What the U-Net computes in."""
        return next(iter(self.unet.parameters())).dtype

    def captions(self, texts: Sequence[str]) -> Text:
        """(n, t, d) embeddings of n captions."""
        return Text.cat([self._encode(text)[0] for text in texts])

    def empty(self, count: int) -> Text:
        """The embedding of no caption, `count` times: what guidance goes away from."""
        return Text.cat([self._encode("")[1]] * count)

    def token_ids(self, text: str) -> list[int]:
        """A caption's token ids, padded as the text encoder gets them."""
        return list(self.tokenizer(text, padding="max_length", truncation=True)["input_ids"])

    @torch.inference_mode()
    def decode(self, latents: Tensor) -> Tensor:
        """(b, c, h, w) latents -> (b, 3, H, W) float32 in about [-1, 1], one at a time to keep memory low."""
        config, dtype = self.vae.config, next(iter(self.vae.parameters())).dtype
        latents = latents / config.scaling_factor + (getattr(config, "shift_factor", None) or 0.0)
        decoded = [self.vae.decode(row[None].to(dtype), return_dict=False)[0].float() for row in latents]
        return torch.cat(decoded)

    def _encode_one(self, text: str) -> tuple[Text, Text]:
        """(caption, no caption), one row each, by the pipeline's own `encode_prompt`."""
        with quiet_libraries(), torch.inference_mode():
            found = self.pipeline.encode_prompt(
                prompt=[text], device=self.device, num_images_per_prompt=1, do_classifier_free_guidance=True
            )
        positive, negative, *pooled = found
        return Text(positive, pooled[0] if pooled else None), Text(negative, pooled[1] if pooled else None)


def load_text_to_image(
    name: str, *, device: str | None = None, dtype: str | None = None, offline: bool = False
) -> TextToImage:
    """Load a checkpoint: a folder or a hub id. safetensors only, known classes only, never remote code.

    Raises:
        ModelError: it cannot be found or loaded, or draws no pictures from text.
        UsageError: an unknown device or dtype.
    """
    folder = find_model(name, offline=offline)
    kind = _kind(folder)
    place = choose_device(device)
    chosen = choose_dtype(dtype, place)
    import diffusers

    options: dict[str, Any] = dict.fromkeys(PIPELINES[kind])
    if _only_half(folder):
        options["variant"] = "fp16"
    with quiet_libraries():
        try:
            pipeline = getattr(diffusers, kind).from_pretrained(
                str(folder), torch_dtype=chosen, use_safetensors=True, local_files_only=True, **options
            )
        except Exception as problem:  # of many kinds, by cause and library; each means the files are not usable
            reason = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
            raise ModelError(f"{folder} cannot be loaded ({reason}); fetch the checkpoint again") from problem
        _check(pipeline, folder)
        pipeline.to(place)
        if pipeline.vae.config.get("force_upcast"):
            pipeline.vae.to(torch.float32)  # SDXL's own decoder overflows in half precision
    return TextToImage(pipeline, place)


def _kind(folder: Path) -> str:
    index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    kind = str(index.get("_class_name"))
    if kind not in PIPELINES:
        raise ModelError(
            f"{folder} is a {kind}, which gen-data cannot draw with; choose one of: {', '.join(PIPELINES)}"
        )
    return kind


def _said(config: Any) -> dict[str, Any]:
    """What the checkpoint itself says of its noise schedule: the rest is the defaults of a sampler we do not use."""
    assumed = config.get("_use_default_values", ())
    return {name: value for name, value in config.items() if name not in assumed and not name.startswith("_")}


def _check(pipeline: Any, folder: Path) -> None:
    channels, latents = pipeline.unet.config.in_channels, pipeline.vae.config.latent_channels
    if channels != latents:
        raise ModelError(
            f"{folder}: its U-Net takes {channels} channels for latents of {latents}: that is no text-to-image model; "
            "choose another --model"
        )


def _only_half(folder: Path) -> bool:
    unet = folder / "unet"
    return any(unet.glob("*.fp16.safetensors")) and not (unet / "diffusion_pytorch_model.safetensors").exists()
