"""Small datasets and text-to-image bases for the tests of `ip2p train`."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ip2p_cli.api import Pair, write_shard
from ip2p_cli.dataset import encode_image
from ip2p_train.config import EditorConfig, LoopConfig, TrainConfig, ValidationConfig
from ip2p_train.editor import EditorPart
from ip2p_train.parts import Setting, build_part
from tests.tiny import MINI_SCHEDULER, TinySpec, make_checkpoint

SMALL = EditorConfig(fresh=True, block_out_channels=(32, 32), time_embedding_dim=64, attention_heads=2)
LOOP = LoopConfig(max_steps=4, batch_size=4, log_every=1, warmup_steps=1, precision="fp32", checkpoint_seconds=0.0)
CONFIG = TrainConfig(loop=LOOP, editor=EditorConfig(), validation=ValidationConfig(share=0.0))


def write_pairs(folder: Path, sizes: Sequence[tuple[int, int]] = ((32, 32),) * 8) -> Path:
    """A dataset of noise: pair i is of size i (width, height), its edit the negative."""
    random = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    pairs = []
    for number, (width, height) in enumerate(sizes):
        pixels = random.integers(0, 256, (height, width, 3), np.uint8)
        before, after = (encode_image(Image.fromarray(one)) for one in (pixels, 255 - pixels))
        pairs.append(Pair(before, f"make it night {number}", after))
    write_shard(folder, 0, 1, pairs)
    return folder


def write_text_to_image(folder: Path, scheduler: Mapping[str, Any] = MINI_SCHEDULER) -> Path:
    """A random text-to-image checkpoint: the U-Net takes as many channels as the latents have."""
    from diffusers import UNet2DConditionModel

    make_checkpoint(folder, TinySpec(scheduler=scheduler))
    config = dict(UNet2DConditionModel.load_config(folder / "unet"))
    config["in_channels"] = config["out_channels"]
    shutil.rmtree(folder / "unet")
    UNet2DConditionModel.from_config(config).save_pretrained(folder / "unet")
    return folder


def editor_part(data: Path, base: Path, out: Path, config: TrainConfig = CONFIG, /, **editor: Any) -> EditorPart:
    """An editor part on a dataset."""
    settings = replace(config, editor=replace(config.editor, **editor))
    part = build_part("editor", data, base, settings, Setting(out)).part
    assert isinstance(part, EditorPart)
    return part
