"""A folder in diffusers layout whose weights are pickles -> the same with safetensors."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from ip2p_cli.convert.index import LIBRARIES, write_index, write_json
from ip2p_cli.convert.parts import check_channels, write_network
from ip2p_cli.convert.weights import read_weights
from ip2p_cli.errors import ModelError
from ip2p_cli.layout import CONFIGS, DEFAULTS, INDEX, WEIGHT_STEMS, read_json, weight_files

PICKLED_STEMS = {"unet": "diffusion_pytorch_model", "vae": "diffusion_pytorch_model", "text_encoder": "pytorch_model"}
DATA = (".json", ".txt")  # what a tokenizer or a scheduler consists of


def convert_folder(source: Path, output: Path, *, ema: bool, licence: str | None) -> None:
    """Write the checkpoint folder `output`; the index is written anew, without a safety checker.

    Raises:
        ModelError: the folder is no InstructPix2Pix checkpoint, or a file in it is refused.
    """
    if ema:
        raise ModelError(f"{source} is in diffusers layout, where each network has one set of weights; leave --ema out")
    if not (source / INDEX).is_file():
        raise ModelError(f"{source} has no {INDEX}: give a folder in diffusers layout, or a single checkpoint file")
    kinds = _kinds(source)
    configs = {part: read_json(source / part / CONFIGS[part]) for part in WEIGHT_STEMS}
    check_channels(configs["unet"], configs["vae"])
    for part, config in configs.items():
        write_network(output, part, kinds[part], config, _weights(source, part))
    for part in ("tokenizer", "scheduler"):
        _copy_data(source / part, output / part)
    defaults = (read_json(source / DEFAULTS) if (source / DEFAULTS).is_file() else {}) | (
        {"licence": licence} if licence else {}
    )
    if defaults:
        write_json(output / DEFAULTS, defaults)
    write_index(output, kinds)


def _kinds(source: Path) -> dict[str, str]:
    index: Mapping[str, Any] = read_json(source / INDEX)
    kinds = {}
    for part, library in LIBRARIES.items():
        entry = index.get(part)
        if not isinstance(entry, list) or len(entry) != 2 or entry[0] != library or not isinstance(entry[1], str):
            raise ModelError(
                f"{source / INDEX} names no {library} class for {part}; it is no InstructPix2Pix checkpoint"
            )
        kinds[part] = entry[1]
    return kinds


def _weights(source: Path, part: str) -> dict[str, Tensor]:
    """A part's weights: safetensors where it has them, otherwise its pickle, in one file or in shards."""
    safe = weight_files(source, part)
    pickled = source / part / f"{PICKLED_STEMS[part]}.bin"
    index = pickled.with_name(pickled.name + ".index.json")
    if safe:
        files = safe
    elif pickled.is_file():
        files = [pickled]
    elif index.is_file():
        names = sorted({Path(str(name)).name for name in read_json(index).get("weight_map", {}).values()})
        files = [source / part / name for name in names]
    else:
        raise ModelError(f"{source / part} has no {pickled.name}; fetch the whole repository")
    weights: dict[str, Tensor] = {}
    for file in files:
        if not file.is_file():
            raise ModelError(f"{file} is missing; fetch the whole repository")
        weights |= read_weights(file)
    return weights


def _copy_data(source: Path, target: Path) -> None:
    target.mkdir(parents=True)
    for file in sorted(source.iterdir()) if source.is_dir() else []:
        if file.suffix in DATA and file.is_file():
            shutil.copyfile(file, target / file.name)
    config = CONFIGS[target.name]
    if not (target / config).is_file():
        raise ModelError(f"{source} has no {config}; fetch the whole repository")
