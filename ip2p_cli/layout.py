"""A checkpoint folder in diffusers layout: where its weights are, and what is wrong with it if it cannot be run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ip2p_cli.errors import ModelError

INDEX = "model_index.json"
MEASURED = "samplers.json"  # steps that each sampler needs on these weights, as measured
DEFAULTS = "ip2p.json"  # the checkpoint's own defaults: native_size, steps, guidances, sampler, licence
PICKLED = (".ckpt", ".bin", ".pt", ".pth")  # formats that can hold code
WEIGHT_STEMS = {
    "unet": "diffusion_pytorch_model",
    "vae": "diffusion_pytorch_model",
    "text_encoder": "model",
}
CONFIGS = {
    "unet": "config.json",
    "vae": "config.json",
    "text_encoder": "config.json",
    "tokenizer": "tokenizer_config.json",
    "scheduler": "scheduler_config.json",
}


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        ModelError: the file cannot be read, or holds no JSON object.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise ModelError(f"{path} cannot be read ({problem}); fetch or convert the checkpoint again") from problem
    if not isinstance(value, dict):
        raise ModelError(f"{path} holds no JSON object; fetch or convert the checkpoint again")
    return value


def weight_files(folder: Path, part: str) -> list[Path]:
    """The safetensors files of one part, in one, in shards or in half precision; empty where they are not all there."""
    whole = folder / part / f"{WEIGHT_STEMS[part]}.safetensors"
    for file in (whole, whole.with_suffix(".fp16.safetensors")):
        if file.is_file():
            return [file]
    index = whole.with_name(whole.name + ".index.json")
    if not index.is_file():
        return []
    shards = sorted({str(name) for name in read_json(index).get("weight_map", {}).values()})
    files = [folder / part / name for name in shards]
    return files if all(file.is_file() for file in files) else []


def missing_pieces(folder: Path) -> list[str]:
    """What a folder lacks of a whole checkpoint, as paths inside it."""
    missing = [] if (folder / INDEX).is_file() else [INDEX]
    missing += [f"{part}/{config}" for part, config in CONFIGS.items() if not (folder / part / config).is_file()]
    missing += [f"{part}/{stem}.safetensors" for part, stem in WEIGHT_STEMS.items() if not weight_files(folder, part)]
    return missing


def check_layout(folder: Path) -> None:
    """Raise a ModelError that names the way out, unless `folder` is a whole checkpoint with safetensors weights."""
    missing = missing_pieces(folder)
    if not missing:
        return
    if INDEX in missing:
        raise ModelError(f"{folder} is not a checkpoint in diffusers layout: it has no {INDEX}")
    for part, stem in WEIGHT_STEMS.items():
        if f"{part}/{stem}.safetensors" in missing and _has(folder / part, *PICKLED):
            raise ModelError(
                f"{folder} holds pickled weights in {part}/, which can hide code; "
                f"convert it: ip2p models convert {folder} -o DIR"
            )
    raise ModelError(f"{folder} is not a whole checkpoint: it lacks {', '.join(missing)}; fetch or convert it again")


def _has(folder: Path, *suffixes: str) -> bool:
    return folder.is_dir() and any(file.suffix in suffixes for file in folder.iterdir())
