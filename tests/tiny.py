"""Small InstructPix2Pix checkpoints with random weights, in diffusers layout, for tests.

Their weights are scaled so that predictions and pictures have a spread: a test that compares two results can fail.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

WORDS = ("make", "it", "night", "add", "snow", "turn", "this", "into", "a", "sunset", "winter", "the", "picture")

SD_SCHEDULER: Mapping[str, Any] = {
    "_class_name": "PNDMScheduler",
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "prediction_type": "epsilon",
    "clip_sample": False,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
}

MINI_SCHEDULER: Mapping[str, Any] = {
    "_class_name": "DDIMScheduler",
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "prediction_type": "v_prediction",
    "rescale_betas_zero_snr": True,
    "timestep_spacing": "trailing",
    "clip_sample": False,
    "set_alpha_to_one": True,
}


@dataclass(frozen=True)
class TinySpec:
    """What the checkpoint looks like. The default is shaped like the shipped model, only smaller."""

    vae: str = "tiny"  # "tiny": AutoencoderTiny, "kl": AutoencoderKL
    levels: int = 2  # of the autoencoder: f = 2 ** (levels - 1) for kl and tiny alike
    latent_channels: int = 4
    scaling_factor: float = 1.0
    unet_channels: tuple[int, ...] = (32, 32)
    unet_gain: float = 3.0  # on its last layer; large: edits go far, and rounding with them
    text_width: int = 32
    max_length: int = 16
    sample_size: int = 16  # latents a side
    pooled_text: bool = True  # addition_embed_type="text", as in the shipped model
    scheduler: Mapping[str, Any] = field(default_factory=lambda: dict(MINI_SCHEDULER))
    ip2p: Mapping[str, Any] | None = None  # contents of ip2p.json; None: no such file
    seed: int = 0

    @property
    def factor(self) -> int:
        """Pixels a latent."""
        return 2 ** (self.levels - 1)


def make_checkpoint(folder: Path, spec: TinySpec = TinySpec()) -> Path:
    """Write a random checkpoint under `folder` and give the folder back."""
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng():
        torch.manual_seed(spec.seed)
        _make_vae(spec).save_pretrained(folder / "vae", safe_serialization=True)
        _make_unet(spec).save_pretrained(folder / "unet", safe_serialization=True)
        vocab_size = _write_tokenizer(folder / "tokenizer", spec)
        _make_text_encoder(spec, vocab_size).save_pretrained(folder / "text_encoder")
    _write_json(folder / "scheduler" / "scheduler_config.json", spec.scheduler)
    _write_json(folder / "model_index.json", _model_index(spec))
    if spec.ip2p is not None:
        _write_json(folder / "ip2p.json", spec.ip2p)
    return folder


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(dict(value), indent=2))


def _model_index(spec: TinySpec) -> dict[str, Any]:
    return {
        "_class_name": "StableDiffusionInstructPix2PixPipeline",
        "_diffusers_version": "0.35.0",
        "feature_extractor": [None, None],
        "image_encoder": [None, None],
        "requires_safety_checker": False,
        "safety_checker": [None, None],
        "scheduler": ["diffusers", spec.scheduler["_class_name"]],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderTiny" if spec.vae == "tiny" else "AutoencoderKL"],
    }


def _make_vae(spec: TinySpec) -> Any:
    from diffusers import AutoencoderKL, AutoencoderTiny

    widths = (16,) * spec.levels
    if spec.vae == "tiny":
        tiny = AutoencoderTiny(
            encoder_block_out_channels=widths,
            decoder_block_out_channels=widths,
            num_encoder_blocks=(1,) * spec.levels,
            num_decoder_blocks=(1,) * spec.levels,
            latent_channels=spec.latent_channels,
            scaling_factor=spec.scaling_factor,
        )
        _widen(tiny.encoder.layers[-1], 8.0)
        _widen(tiny.decoder.layers[-1], 2.0, offset=0.5)  # its output is a picture in [0, 1]
        return tiny
    kl = AutoencoderKL(
        block_out_channels=widths,
        down_block_types=("DownEncoderBlock2D",) * spec.levels,
        up_block_types=("UpDecoderBlock2D",) * spec.levels,
        layers_per_block=1,
        norm_num_groups=8,
        latent_channels=spec.latent_channels,
        scaling_factor=spec.scaling_factor,
        sample_size=spec.sample_size * spec.factor,
    )
    _widen(kl.decoder.conv_out, 2.0)
    return kl


def _make_unet(spec: TinySpec) -> Any:
    from diffusers import UNet2DConditionModel

    levels = len(spec.unet_channels)
    text: dict[str, Any] = {}
    if spec.pooled_text:
        text = {"addition_embed_type": "text", "addition_embed_type_num_heads": 4}
    unet = UNet2DConditionModel(
        sample_size=spec.sample_size,
        in_channels=2 * spec.latent_channels,
        out_channels=spec.latent_channels,
        block_out_channels=spec.unet_channels,
        down_block_types=("DownBlock2D",) * (levels - 1) + ("CrossAttnDownBlock2D",),
        up_block_types=("CrossAttnUpBlock2D",) + ("UpBlock2D",) * (levels - 1),
        layers_per_block=1,
        norm_num_groups=8,
        attention_head_dim=4,
        cross_attention_dim=spec.text_width,
        **text,
    )
    _widen(unet.conv_out, spec.unet_gain)
    return unet


def _make_text_encoder(spec: TinySpec, vocab_size: int) -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(
        vocab_size=vocab_size,
        hidden_size=spec.text_width,
        intermediate_size=2 * spec.text_width,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=spec.max_length,
        projection_dim=spec.text_width,
        bos_token_id=vocab_size - 2,
        eos_token_id=vocab_size - 1,
        pad_token_id=vocab_size - 1,
    )
    return CLIPTextModel(config)


def _widen(layer: Any, gain: float, offset: float = 0.0) -> None:
    """Scale a layer's weights, and set its bias to `offset`, so that its output varies over the picture."""
    import torch

    with torch.no_grad():
        layer.weight.mul_(gain)
        if layer.bias is not None:
            layer.bias.fill_(offset)


def _write_tokenizer(folder: Path, spec: TinySpec) -> int:
    """A CLIP byte-pair vocabulary: single letters, and merges that join each of WORDS. Returns its size."""
    folder.mkdir(parents=True, exist_ok=True)
    letters = [chr(code) for code in range(ord("!"), ord("~") + 1)]
    tokens = letters + [letter + "</w>" for letter in letters]
    merges: list[str] = []
    for word in WORDS:
        parts = list(word[:-1]) + [word[-1] + "</w>"]
        left = parts[0]
        for right in parts[1:]:
            if f"{left} {right}" not in merges:
                merges.append(f"{left} {right}")
                tokens.append(left + right)
            left += right
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    tokens = list(dict.fromkeys(tokens))
    (folder / "vocab.json").write_text(json.dumps({token: number for number, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    special = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>"}
    special |= {"unk_token": "<|endoftext|>", "pad_token": "<|endoftext|>"}
    _write_json(folder / "special_tokens_map.json", special)
    config = {"tokenizer_class": "CLIPTokenizer", "model_max_length": spec.max_length, "do_lower_case": True}
    _write_json(folder / "tokenizer_config.json", config | special)
    return len(tokens)
