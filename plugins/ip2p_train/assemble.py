"""Puts trained and frozen parts together: whole checkpoints in diffusers layout."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoModel,
    DDIMScheduler,
    StableDiffusionInstructPix2PixPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextModel, CLIPTokenizer

from .config import EditorConfig


def assemble(
    folder: Path, base: Path, unet: UNet2DConditionModel, scheduler: DDIMScheduler, config: EditorConfig
) -> None:
    """Write the whole checkpoint under `folder`, each part by rename, and `ip2p.json` with its defaults."""
    dtype = getattr(torch, config.save_dtype)
    copy = UNet2DConditionModel.from_config(unet.config)
    copy.load_state_dict(unet.state_dict())
    vae = AutoModel.from_pretrained(str(base), subfolder="vae", use_safetensors=True, local_files_only=True)
    pipeline = StableDiffusionInstructPix2PixPipeline(
        vae=vae.to(dtype),
        text_encoder=CLIPTextModel.from_pretrained(base / "text_encoder", local_files_only=True).to(dtype),
        tokenizer=CLIPTokenizer.from_pretrained(base / "tokenizer", local_files_only=True),
        unet=copy.to(dtype),
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    factor = 2 ** (len(vae.config.block_out_channels) - 1)
    defaults = {
        "native_size": unet.config.sample_size * factor,
        "steps": config.steps,
        "text_guidance": config.text_guidance,
        "image_guidance": config.image_guidance,
        "sampler": config.sampler,
        "licence": config.licence,
    }
    write_checkpoint(folder, pipeline, defaults=defaults)


def write_checkpoint(folder: Path, *saved: Any, defaults: Mapping[str, Any] | None = None) -> None:
    """Write all that is to be `saved` (models, tokenizers …) under `folder`, by rename when all of it is there.

    `defaults` are what an editor's `ip2p.json` says.
    """
    fresh = folder / ".assemble"
    shutil.rmtree(fresh, ignore_errors=True)  # of a process that was killed
    try:
        for part in saved:
            part.save_pretrained(fresh)
        _forget_paths(fresh)
        if defaults is not None:
            (fresh / "ip2p.json").write_text(json.dumps(defaults, indent=2) + "\n", encoding="utf-8")
        for part in sorted(fresh.iterdir()):
            target = folder / part.name
            if target.is_dir():
                shutil.rmtree(target)
            os.replace(part, target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)  # full only after a failure: it would keep a full disk full


def _forget_paths(folder: Path) -> None:
    """Drop where parts were read from: a checkpoint should not name its maker's folders."""
    for path in folder.rglob("config.json"):
        config = json.loads(path.read_text(encoding="utf-8"))
        if config.pop("_name_or_path", None) is not None:
            path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
