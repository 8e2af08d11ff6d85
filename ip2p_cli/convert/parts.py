"""Writes a network from its weights and config, and makes sure that nothing is missing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ip2p_cli.errors import ModelError
from ip2p_cli.layout import CONFIGS, WEIGHT_STEMS

# Nothing else can be an InstructPix2Pix part: a config cannot name a class of its choice.
NETWORKS = {
    "unet": ("UNet2DConditionModel",),
    "vae": ("AutoencoderKL", "AutoencoderTiny"),
    "text_encoder": ("CLIPTextModel",),
}


def check_channels(unet: Mapping[str, Any], vae: Mapping[str, Any]) -> None:
    """Raise a ModelError unless the U-Net takes the noisy latents and the photo's latents side by side."""
    latents, taken = vae.get("latent_channels"), unet.get("in_channels")
    if not isinstance(latents, int) or taken != 2 * latents:
        raise ModelError(
            f"this is not an InstructPix2Pix checkpoint: its U-Net takes {taken} channels, which must be twice the "
            f"autoencoder's {latents}; plain text-to-image checkpoints cannot edit"
        )


def write_network(folder: Path, part: str, kind: str, config: Mapping[str, Any], state: Mapping[str, Tensor]) -> None:
    """Write `folder/part`: config.json and safetensors, under the names that the installed libraries use.

    The raw weights go to disk and come back through the library's own loader, for that brings old names up to date.

    Raises:
        ModelError: `kind` is no part of an InstructPix2Pix checkpoint, or weights are missing or of another shape.
    """
    if kind not in NETWORKS[part]:
        raise ModelError(f"{part} is a {kind}, but must be one of {', '.join(NETWORKS[part])}; it cannot be converted")
    raw = folder / f".{part}"
    raw.mkdir(parents=True)
    try:
        _write_raw(raw, part, config, state)
        network = _open(raw, part, kind, _dtype_of(state))
        network.save_pretrained(folder / part, safe_serialization=True, max_shard_size="100GB")
    finally:
        shutil.rmtree(raw, ignore_errors=True)


def _write_raw(raw: Path, part: str, config: Mapping[str, Any], state: Mapping[str, Tensor]) -> None:
    from safetensors.torch import save_file

    (raw / CONFIGS[part]).write_text(json.dumps(dict(config), indent=2), encoding="utf-8")
    whole = {name: tensor.contiguous() for name, tensor in state.items()}
    save_file(whole, raw / f"{WEIGHT_STEMS[part]}.safetensors", metadata={"format": "pt"})


def _open(raw: Path, part: str, kind: str, dtype: torch.dtype) -> Any:
    import diffusers
    import transformers

    loader = getattr(transformers if part == "text_encoder" else diffusers, kind)
    try:
        network, report = loader.from_pretrained(
            raw, torch_dtype=dtype, use_safetensors=True, local_files_only=True, output_loading_info=True
        )
    except (ValueError, RuntimeError, KeyError, TypeError) as problem:
        first = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
        raise ModelError(f"the weights of {part} do not fit a {kind} ({first}); is the file whole?") from problem
    missing = sorted(report["missing_keys"])
    if missing or report["mismatched_keys"]:
        wrong = [*missing, *(str(key) for key in report["mismatched_keys"])]
        raise ModelError(
            f"{len(wrong)} weights of {part} are missing or misshapen, the first {wrong[0]}; is the file whole?"
        )
    return network


def _dtype_of(state: Mapping[str, Tensor]) -> torch.dtype:
    """The kind of number the weights are kept in: conversion changes no value."""
    return next((tensor.dtype for tensor in state.values() if tensor.is_floating_point()), torch.float32)
