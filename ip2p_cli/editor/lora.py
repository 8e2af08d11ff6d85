"""Adds an adapter to a checkpoint's networks for good: they are then as quick as without."""

from __future__ import annotations

from typing import Any

from ip2p_cli.checkpoint import Checkpoint
from ip2p_cli.errors import MissingExtra, ModelError
from ip2p_cli.lora import Lora

_DOWN = (".lora_A.", ".lora.down.", ".lora_down.", "_lora.down.")  # the first of each layer's two, in all layouts


def fuse_lora(lora: Lora, checkpoint: Checkpoint, parts: dict[str, Any]) -> None:
    """Read by diffusers and peft, at full strength (W + B·A, Hu et al. 2021, arXiv 2106.09685, equation 3).

    Args:
        lora: diffusers' layout or kohya's; for the U-Net, the text encoder or both.
        checkpoint: what it goes on.
        parts: its loaded networks and tokenizer, by their names.

    Raises:
        MissingExtra: peft is not installed.
        ModelError: the file is broken, or made for another network.
    """
    try:
        import peft  # noqa: F401
    except ImportError:
        raise MissingExtra("--lora", "lora") from None
    import diffusers
    from safetensors import safe_open

    pipeline = diffusers.StableDiffusionInstructPix2PixPipeline(
        **parts,
        scheduler=diffusers.DDIMScheduler.from_config(checkpoint.scheduler),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    try:
        with safe_open(lora.file, framework="pt") as file:
            wanted = sum(any(down in name for down in _DOWN) for name in file.keys())  # noqa: SIM118 (it is no dict)
        pipeline.load_lora_weights(str(lora.file.parent), weight_name=lora.file.name, local_files_only=True)
    except Exception as problem:  # of many kinds, by cause and library; each means that the file does not go
        reason = str(problem).strip().splitlines()[0] if str(problem).strip() else type(problem).__name__
        raise ModelError(
            f"{lora.file} cannot be used on {checkpoint.folder} ({reason}): name another --lora"
        ) from problem
    networks = (parts["unet"], parts["text_encoder"])
    found = sum(hasattr(module, "lora_A") for network in networks for module in network.modules())
    if not found or found != wanted:
        raise ModelError(
            f"{lora.file} cannot be used on {checkpoint.folder}: {found} of its {wanted} layers are there; "
            "name the --model that it was made for, or another --lora"
        )
    pipeline.fuse_lora()
    pipeline.unload_lora_weights()
