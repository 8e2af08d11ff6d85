"""What is in a checkpoint folder, read off its configs and the headers of its weights: no weight is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from ip2p_cli.errors import ModelError
from ip2p_cli.layout import CONFIGS, DEFAULTS, INDEX, MEASURED, WEIGHT_STEMS, read_json, weight_files


@dataclass(frozen=True)
class PartInfo:
    """One part of a checkpoint; tokenizer and scheduler have no parameters."""

    name: str
    kind: str  # the class that runs it
    parameters: int
    size: int  # bytes of weights
    dtype: str  # of most parameters, as safetensors writes it


@dataclass(frozen=True)
class CheckpointInfo:
    """What `ip2p models info` tells of a checkpoint."""

    folder: Path
    parts: tuple[PartInfo, ...]
    native_size: int | None  # side in pixels
    prediction_type: str  # epsilon, v_prediction or sample
    licence: str
    defaults: Mapping[str, Any]  # of ip2p.json
    advised_steps: Mapping[str, int]  # sampler -> steps, of samplers.json; empty where it was measured on other weights

    @property
    def parameters(self) -> int:
        """All parts' together."""
        return sum(part.parameters for part in self.parts)


def describe(folder: Path, licence: str = "unknown") -> CheckpointInfo:
    """Read a whole checkpoint's configs and headers; `licence` is used where the folder names none.

    Raises:
        ModelError: a config cannot be read.
    """
    defaults = own_defaults(folder)
    index = read_json(folder / INDEX)
    scheduler = read_json(folder / "scheduler" / CONFIGS["scheduler"])
    return CheckpointInfo(
        folder=folder,
        parts=tuple(_describe_part(folder, part, index) for part in CONFIGS),
        native_size=_native_size(folder, defaults),
        prediction_type=str(scheduler.get("prediction_type", "epsilon")),
        licence=str(defaults.get("licence", licence)),
        defaults=defaults,
        advised_steps=_advised_steps(folder),
    )


def own_defaults(folder: Path) -> dict[str, Any]:
    """The contents of a checkpoint's ip2p.json; empty where it has none."""
    path = folder / DEFAULTS
    return read_json(path) if path.is_file() else {}


def _advised_steps(folder: Path) -> Mapping[str, int]:
    """What `benchmarks/sampler_steps.py` has measured of this very checkpoint."""
    from ip2p_cli.checkpoint import read_checkpoint  # which imports this module

    path = folder / MEASURED
    if not path.is_file():
        return {}
    measured = read_json(path)
    if measured.get("fingerprint") != read_checkpoint(folder).fingerprint:
        return {}
    advised = measured.get("advised")
    return {str(name): int(steps) for name, steps in advised.items()} if isinstance(advised, dict) else {}


def _describe_part(folder: Path, part: str, index: Mapping[str, Any]) -> PartInfo:
    entry = index.get(part)
    kind = str(entry[1]) if isinstance(entry, list) and len(entry) == 2 else "unknown"
    files = weight_files(folder, part) if part in WEIGHT_STEMS else []
    counts: dict[str, int] = {}
    for file in files:
        for dtype, count in _parameters(file):
            counts[dtype] = counts.get(dtype, 0) + count
    most = max(counts, key=lambda dtype: counts[dtype], default="")
    return PartInfo(part, kind, sum(counts.values()), sum(file.stat().st_size for file in files), most)


def _parameters(file: Path) -> list[tuple[str, int]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="numpy") as weights:
            slices = [weights.get_slice(name) for name in weights.keys()]  # noqa: SIM118 (it is no dict)
            return [(str(piece.get_dtype()), prod(piece.get_shape())) for piece in slices]
    except (OSError, SafetensorError) as problem:
        raise ModelError(
            f"{file} is no safetensors file ({problem}); fetch or convert the checkpoint again"
        ) from problem


def _native_size(folder: Path, defaults: Mapping[str, Any]) -> int | None:
    """ip2p.json's, or the side of the U-Net's latents times the autoencoder's factor."""
    if isinstance(defaults.get("native_size"), int):
        return int(defaults["native_size"])
    side = read_json(folder / "unet" / CONFIGS["unet"]).get("sample_size")
    vae = read_json(folder / "vae" / CONFIGS["vae"])
    levels = vae.get("block_out_channels") or vae.get("encoder_block_out_channels")
    if not isinstance(side, int) or not isinstance(levels, list) or not levels:
        return None
    return side * 2 ** (len(levels) - 1)
