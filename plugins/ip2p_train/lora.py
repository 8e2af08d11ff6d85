"""Low-rank adapters on a U-Net, by peft, in the layout that diffusers' `load_lora_weights` opens."""

from __future__ import annotations

import shutil
from pathlib import Path

from diffusers import StableDiffusionInstructPix2PixPipeline, UNet2DConditionModel

from ip2p_cli.api import MissingExtra, UsageError

from .config import LoraConfig

FILE = "pytorch_lora_weights.safetensors"


def add_lora(unet: UNet2DConditionModel, config: LoraConfig) -> None:
    """Freeze the network and give it an adapter, which says nothing at first.

    Raises:
        MissingExtra: peft is not installed.
        UsageError: the network has no such layers.
    """
    try:
        import peft
    except ImportError:
        raise MissingExtra("--lora", "lora") from None
    unet.requires_grad_(False)
    # alpha = rank: the adapter's strength is 1, and readers that know no alpha read it right.
    settings = peft.LoraConfig(
        r=config.rank, lora_alpha=config.rank, init_lora_weights="gaussian", target_modules=list(config.targets)
    )
    try:
        unet.add_adapter(settings)
    except ValueError as problem:
        raise UsageError(f"[lora] targets: {problem}") from problem


def save_lora(unet: UNet2DConditionModel, folder: Path) -> None:
    """Write the adapter alone, by rename."""
    from peft.utils import get_peft_model_state_dict

    # peft's own names, which diffusers reads: its converter would mix two layouts where there are convolutions.
    layers = {name: tensor.contiguous() for name, tensor in get_peft_model_state_dict(unet).items()}
    aside = folder / ".assemble"
    shutil.rmtree(aside, ignore_errors=True)  # of a process that was killed
    try:
        StableDiffusionInstructPix2PixPipeline.save_lora_weights(aside, unet_lora_layers=layers)
        (aside / FILE).replace(folder / FILE)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
