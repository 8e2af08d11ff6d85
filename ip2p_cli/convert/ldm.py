"""A single file in the original repository's layout (such as instruct-pix2pix-00-22000.ckpt) -> diffusers layout."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from ip2p_cli.convert.index import write_index, write_json
from ip2p_cli.convert.ldm_shapes import SD1_LATENT_SIDE, TEXT, UNET, VAE, text_config, unet_config, vae_config
from ip2p_cli.convert.parts import check_channels, write_network
from ip2p_cli.convert.tokenizer import write_tokenizer
from ip2p_cli.convert.weights import read_weights
from ip2p_cli.errors import ModelError
from ip2p_cli.layout import CONFIGS, DEFAULTS

EMA = "model_ema."
SD1_BETAS = (0.00085, 0.012)
KINDS = {
    "scheduler": "EulerAncestralDiscreteScheduler",  # what the released model is sampled with
    "text_encoder": "CLIPTextModel",
    "tokenizer": "CLIPTokenizer",
    "unet": "UNet2DConditionModel",
    "vae": "AutoencoderKL",
}


def convert_file(source: Path, output: Path, *, tokenizer: Path | None, ema: bool, licence: str | None) -> None:
    """Write the checkpoint folder `output`.

    Raises:
        ModelError: the file is refused, or is not an InstructPix2Pix checkpoint with a CLIP text encoder.
    """
    state = read_weights(source)
    if any(key.startswith("cond_stage_model.model.") for key in state):
        raise ModelError(f"{source} has an OpenCLIP text encoder (Stable Diffusion 2), which is not supported")
    unet, vae, text = unet_config(state), vae_config(state), text_config(state)
    check_channels(unet, vae)
    # First, for it is what is most often not to be had, and writing the networks takes minutes.
    write_tokenizer(
        tokenizer, output / "tokenizer", vocabulary=text["vocab_size"], length=text["max_position_embeddings"]
    )
    from diffusers.loaders.single_file_utils import (  # only now: refusing a file must not take the seconds of this
        convert_ldm_clip_checkpoint,
        convert_ldm_unet_checkpoint,
        convert_ldm_vae_checkpoint,
    )

    only_unet = _ema_weights(source, state) if ema else _under(state, UNET)
    write_network(output, "unet", KINDS["unet"], unet, convert_ldm_unet_checkpoint(only_unet, unet))
    write_network(output, "vae", KINDS["vae"], vae, convert_ldm_vae_checkpoint(_under(state, VAE), vae))
    write_network(output, "text_encoder", KINDS["text_encoder"], text, convert_ldm_clip_checkpoint(_under(state, TEXT)))
    write_json(output / "scheduler" / CONFIGS["scheduler"], _scheduler_config(state))
    write_json(output / DEFAULTS, _defaults(vae, licence))
    write_index(output, KINDS)


def _under(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key: tensor for key, tensor in state.items() if key.startswith(prefix)}


def _ema_weights(source: Path, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The U-Net's averaged weights under the names of the others: the training code stores them without dots."""
    averaged = {key: state.get(EMA + key.removeprefix("model.").replace(".", "")) for key in _under(state, UNET)}
    found = {key: tensor for key, tensor in averaged.items() if tensor is not None}
    if len(found) < len(averaged):
        raise ModelError(f"{source} holds no averaged (EMA) weights, or not all of them; convert it without --ema")
    return found


def _scheduler_config(state: Mapping[str, Tensor]) -> dict[str, Any]:
    config: dict[str, Any] = {
        "_class_name": KINDS["scheduler"],
        "num_train_timesteps": 1000,
        "beta_start": SD1_BETAS[0],
        "beta_end": SD1_BETAS[1],
        "beta_schedule": "scaled_linear",
        "prediction_type": "epsilon",
        "clip_sample": False,
        "set_alpha_to_one": False,
        "skip_prk_steps": True,
        "steps_offset": 1,
    }
    betas = state.get("betas")
    if betas is not None:
        ends = (float(betas[0]), float(betas[-1]))
        config["num_train_timesteps"] = len(betas)
        if any(abs(found - usual) > 1e-6 for found, usual in zip(ends, SD1_BETAS, strict=True)):
            config["trained_betas"] = betas.tolist()
    return config


def _defaults(vae: Mapping[str, Any], licence: str | None) -> dict[str, Any]:
    """The paper's guidances, at the size that Stable Diffusion 1 was made for."""
    factor = 2 ** (len(vae["block_out_channels"]) - 1)
    defaults: dict[str, Any] = {
        "native_size": SD1_LATENT_SIDE * factor,
        "steps": 20,
        "text_guidance": 7.5,
        "image_guidance": 1.5,
        "sampler": "euler_a",
    }
    return defaults | ({"licence": licence} if licence else {})
