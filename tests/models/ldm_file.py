"""Makes checkpoints in the original repository's layout out of small random networks, for the tests of conversion."""

from __future__ import annotations

import argparse
import collections
import re
import sys
import types
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PosixPath
from typing import Any

import torch
from torch import Tensor

LAYERS = 2
LATENTS = 4
TEXT_WIDTH = 64


@dataclass(frozen=True)
class Networks:
    """The three networks of one checkpoint, as diffusers and transformers know them."""

    unet: Any
    vae: Any
    text_encoder: Any


def make_networks(vocabulary: int, length: int, *, in_channels: int = 2 * LATENTS, seed: int = 0) -> Networks:
    """Random networks with Stable Diffusion 1's structure, a few channels wide."""
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        unet = UNet2DConditionModel(
            in_channels=in_channels,
            out_channels=LATENTS,
            block_out_channels=(32, 32, 64),
            down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
            layers_per_block=LAYERS,
            cross_attention_dim=TEXT_WIDTH,
            attention_head_dim=8,
        )
        vae = AutoencoderKL(
            block_out_channels=(32, 64),
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            layers_per_block=LAYERS,
            latent_channels=LATENTS,
        )
        text = CLIPTextModel(
            CLIPTextConfig(
                vocab_size=vocabulary,
                hidden_size=TEXT_WIDTH,
                intermediate_size=2 * TEXT_WIDTH,
                num_hidden_layers=2,
                num_attention_heads=1,
                max_position_embeddings=length,
                bos_token_id=vocabulary - 2,
                eos_token_id=vocabulary - 1,
                pad_token_id=vocabulary - 1,
            )
        )
    return Networks(unet.eval(), vae.eval(), text.eval())


def ldm_state(networks: Networks, *, ema_shift: float | None = None) -> dict[str, Tensor]:
    """All weights under the original names; with `ema_shift`, averaged U-Net weights that differ by that much."""
    state: dict[str, Tensor] = {}
    for name, tensor in networks.unet.state_dict().items():
        state["model.diffusion_model." + _unet_name(name)] = tensor
    if ema_shift is not None:
        for name, tensor in list(state.items()):
            state["model_ema." + name.removeprefix("model.").replace(".", "")] = tensor + ema_shift
        state["model_ema.num_updates"] = torch.tensor(3, dtype=torch.int32)
    levels = len(networks.vae.config.block_out_channels)
    for name, tensor in networks.vae.state_dict().items():
        new = _vae_name(name, levels)
        conv = ".mid.attn_1." in new and tensor.ndim == 2  # linear layers now, 1×1 convolutions there
        state["first_stage_model." + new] = tensor[:, :, None, None] if conv else tensor
    for name, tensor in networks.text_encoder.state_dict().items():
        plain = name.removeprefix("text_model.")
        state["cond_stage_model.transformer.text_model." + plain] = tensor
    length = networks.text_encoder.config.max_position_embeddings
    state["cond_stage_model.transformer.text_model.embeddings.position_ids"] = torch.arange(length)[None]
    state["betas"] = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64).square().float()
    return state


_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1",
    "conv_shortcut": "skip_connection",
}
_UNET_ENDS = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}


def _unet_name(name: str) -> str:
    for new, old in _UNET_ENDS.items():
        if name.startswith(new + "."):
            return name.replace(new, old, 1)
    found = re.match(r"(down|up)_blocks\.(\d+)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.(.*)", name)
    if found is None:
        middle = re.match(r"mid_block\.(resnets|attentions)\.(\d+)\.(.*)", name)
        assert middle, name
        kind, number, rest = middle[1], int(middle[2]), middle[3]
        return f"middle_block.1.{rest}" if kind == "attentions" else f"middle_block.{2 * number}.{_resnet(rest)}"
    way, block, kind, layer, rest = found[1], int(found[2]), found[3], int(found[4]), found[5]
    first = block * (LAYERS + 1) + (1 if way == "down" else 0)
    stem = "input_blocks" if way == "down" else "output_blocks"
    if kind == "downsamplers":
        return f"{stem}.{first + LAYERS}.0.op.{rest.removeprefix('conv.')}"
    if kind == "upsamplers":
        return f"{stem}.{first + LAYERS}.{1 if block == 0 else 2}.{rest}"  # after the attention, where there is one
    return f"{stem}.{first + layer}.1.{rest}" if kind == "attentions" else f"{stem}.{first + layer}.0.{_resnet(rest)}"


def _resnet(rest: str) -> str:
    layer, _, kind = rest.partition(".")
    return f"{_RESNET[layer]}.{kind}"


def _vae_name(name: str, levels: int) -> str:
    def up(found: re.Match[str]) -> str:
        return f"decoder.up.{levels - 1 - int(found[1])}"

    name = re.sub(r"decoder\.up_blocks\.(\d+)", up, name)
    name = re.sub(r"encoder\.down_blocks\.(\d+)", r"encoder.down.\1", name)
    name = re.sub(r"mid_block\.resnets\.(\d+)", lambda found: f"mid.block_{int(found[1]) + 1}", name)
    name = re.sub(r"resnets\.(\d+)", r"block.\1", name)
    for new, old in {
        "mid_block.attentions.0": "mid.attn_1",
        "group_norm": "norm",
        "to_q": "q",
        "to_k": "k",
        "to_v": "v",
        "to_out.0": "proj_out",
        "downsamplers.0": "downsample",
        "upsamplers.0": "upsample",
        "conv_norm_out": "norm_out",
        "conv_shortcut": "nin_shortcut",
    }.items():
        name = name.replace(new, old)
    return name


FRAMEWORK_CLASSES = (
    "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint",
    "pytorch_lightning.utilities.parsing.AttributeDict",
    "omegaconf.listconfig.ListConfig",
    "omegaconf.base.ContainerMetadata",
)


def save_with_training_objects(path: Path, state: Mapping[str, Tensor]) -> None:
    """Save the weights as a training run does, with the framework's objects around them."""
    import numpy

    with _framework() as made:
        checkpoint, attributes, config, metadata = (made[name] for name in FRAMEWORK_CLASSES)
        configured = config()
        configured.__dict__ = {"_metadata": metadata(), "_content": [1, 2], "_type": Any}
        content = {
            "epoch": 0,
            "global_step": 22000,
            "pytorch-lightning_version": "1.4.2",
            "callbacks": {checkpoint: {"best_model_score": numpy.float64(0.5), "dirpath": PosixPath("logs")}},
            "hyper_parameters": attributes(),
            "config": configured,
            "options": argparse.Namespace(seed=23),
            "optimizer_states": [{"state": collections.defaultdict(dict, {0: {"step": 1}})}],
            "state_dict": dict(state),
        }
        torch.save(content, path)


@contextmanager
def _framework() -> Iterator[dict[str, type]]:
    """Classes by those names, for as long as it takes to pickle them."""
    made: dict[str, type] = {}
    modules: dict[str, types.ModuleType] = {}
    for full in FRAMEWORK_CLASSES:
        module, _, name = full.rpartition(".")
        made[full] = type(name, (), {"__module__": module})
        parents = module.split(".")
        for depth in range(1, len(parents) + 1):
            package = ".".join(parents[:depth])
            modules.setdefault(package, types.ModuleType(package))
        setattr(modules[module], name, made[full])
    assert not modules.keys() & sys.modules.keys()
    sys.modules.update(modules)
    try:
        yield made
    finally:
        for module in modules:
            del sys.modules[module]
