"""model_index.json: which class runs which part. diffusers' own pipeline opens what is written here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ip2p_cli.layout import INDEX

LIBRARIES = {
    "scheduler": "diffusers",
    "text_encoder": "transformers",
    "tokenizer": "transformers",
    "unet": "diffusers",
    "vae": "diffusers",
}


def write_index(folder: Path, kinds: Mapping[str, str]) -> None:
    """Write the index of an InstructPix2Pix pipeline; `kinds` maps each part to its class. No safety checker."""
    import diffusers

    absent = [None, None]
    index: dict[str, Any] = {
        "_class_name": "StableDiffusionInstructPix2PixPipeline",
        "_diffusers_version": diffusers.__version__,
        "feature_extractor": absent,
        "image_encoder": absent,
        "requires_safety_checker": False,
        "safety_checker": absent,
    }
    index |= {part: [library, kinds[part]] for part, library in LIBRARIES.items()}
    write_json(folder / INDEX, index)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write an object as JSON, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(dict(value), indent=2) + "\n", encoding="utf-8")
