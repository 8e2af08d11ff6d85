"""Puts trained and frozen parts together: whole checkpoints in diffusers layout."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import DDIMScheduler, StableDiffusionInstructPix2PixPipeline, UNet2DConditionModel

from .base import Base, resolution_of
from .config import EditorConfig
from .encoders import load_text, load_vae


def assemble(
    folder: Path, base: Base, unet: UNet2DConditionModel, scheduler: DDIMScheduler, config: EditorConfig
) -> None:
    """Write the whole checkpoint under `folder`, each part by rename, and `ip2p.json` with its defaults."""
    dtype = getattr(torch, config.save_dtype)
    copy = UNet2DConditionModel.from_config(unet.config)
    copy.load_state_dict(unet.state_dict())
    tokenizer, text_encoder = load_text(base.folder)
    pipeline = StableDiffusionInstructPix2PixPipeline(
        vae=load_vae(base.folder).to(dtype),
        text_encoder=text_encoder.to(dtype),
        tokenizer=tokenizer,
        unet=copy.to(dtype),
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    write_checkpoint(folder, pipeline, defaults=defaults_of(base, config))


def defaults_of(base: Base, config: EditorConfig) -> dict[str, Any]:
    """What `ip2p.json` is to say: the config's word, or else the base's own; what neither says is left out."""
    found = {"native_size": base.native_size if base.has_unet else resolution_of(base, config)}
    for name in ("steps", "text_guidance", "image_guidance", "sampler", "licence"):
        value = getattr(config, name) or base.own.get(name)
        if value:
            found[name] = value
    return found


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
