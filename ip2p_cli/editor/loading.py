"""From a checkpoint folder to networks in memory: safetensors only, known classes only, never remote code."""

from __future__ import annotations

import copy
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch

from ip2p_cli.accelerations import EXACT, Accelerations
from ip2p_cli.checkpoint import Checkpoint
from ip2p_cli.devices import bfloat16_is_quicker
from ip2p_cli.editor.exactly import EXACTLY
from ip2p_cli.editor.fast.compiled import compile_blocks
from ip2p_cli.editor.fast.quantized import check_quantized, quantize_linear
from ip2p_cli.editor.joined import join_convolutions
from ip2p_cli.editor.lora import fuse_lora
from ip2p_cli.editor.upsampling import merge_upsampling
from ip2p_cli.errors import ModelError, UsageError
from ip2p_cli.layout import weight_files
from ip2p_cli.lora import Lora
from ip2p_cli.quiet import quiet_libraries

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
LARGE = 200_000_000  # U-Net parameters from which half precision pays on a GPU


@dataclass(frozen=True)
class Components:
    """The networks of one checkpoint, in evaluation mode, on one device."""

    vae: Any  # AutoencoderKL or AutoencoderTiny
    unet: Any  # UNet2DConditionModel
    text_encoder: Any  # CLIPTextModel
    tokenizer: Any  # CLIPTokenizer
    device: torch.device

    @property
    def dtype(self) -> torch.dtype:
        """The type the networks compute in."""
        return next(self.unet.parameters()).dtype

    def exactly(self) -> AbstractContextManager[object]:
        """Within the context float32 is float32, the same kernels run every time, and threads get along."""
        return EXACTLY[self.device.type]() if self.device.type in EXACTLY else nullcontext()

    def in_float32(self) -> Components:
        """Copies of the networks that compute in float32. The others stay as they are: another thread may use them."""
        vae, unet, text_encoder = (
            _cast(copy.deepcopy(network), self.device, torch.float32)
            for network in (self.vae, self.unet, self.text_encoder)
        )
        return Components(vae, unet, text_encoder, self.tokenizer, self.device)

    def twin(self) -> Components:
        """The same networks on the very same weights, for another thread: what is hung into one is not in its twin."""
        vae, unet, text_encoder = (_twin(network) for network in (self.vae, self.unet, self.text_encoder))
        return Components(vae, unet, text_encoder, copy.deepcopy(self.tokenizer), self.device)


def _twin(network: Any) -> Any:
    shared = [*network.parameters(), *network.buffers()]
    return copy.deepcopy(network, {id(tensor): tensor for tensor in shared})


def choose_dtype(
    name: str | None, device: torch.device, unet_parameters: int, accelerations: Accelerations = EXACT
) -> torch.dtype:
    """The named type; by default float32, but float16 for a large network on CUDA.

    A small network stays in float32 everywhere, so that a photo has the same pixels on any device, unless it is asked
    to be quick.
    """
    if name is None or name == "auto":
        if "float8" in accelerations:  # which computes in nothing else
            return torch.bfloat16
        if device.type == "cuda" and unet_parameters >= LARGE:
            return torch.float16
        return torch.bfloat16 if "bfloat16" in accelerations and bfloat16_is_quicker(device) else torch.float32
    if name not in DTYPES:
        raise UsageError(f"dtype {name!r} is not known: use {', '.join(DTYPES)}")
    return DTYPES[name]


def load_components(
    checkpoint: Checkpoint,
    device: torch.device,
    dtype: str | None = None,
    lora: Lora | None = None,
    accelerations: Accelerations = EXACT,
) -> Components:
    """Load the networks, with an adapter added to them.

    Raises:
        ModelError: weights are missing, superfluous or unreadable, or the adapter does not go.
        UsageError: the dtype is not known, or an acceleration cannot be on this device.
        MissingExtra: an acceleration needs one.
    """
    import diffusers
    import transformers

    with quiet_libraries():
        unet = _load(checkpoint, "unet", diffusers.UNet2DConditionModel, dtype_key="torch_dtype")
        vae = _load(checkpoint, "vae", getattr(diffusers, checkpoint.classes["vae"]), dtype_key="torch_dtype")
        text_encoder = _load(checkpoint, "text_encoder", transformers.CLIPTextModel, dtype_key="dtype")
        tokenizer = _load_tokenizer(checkpoint, transformers.CLIPTokenizer)
        if lora is not None:
            parts = {"unet": unet, "vae": vae, "text_encoder": text_encoder, "tokenizer": tokenizer}
            fuse_lora(lora, checkpoint, parts)
    chosen = choose_dtype(dtype, device, sum(parameter.numel() for parameter in unet.parameters()), accelerations)
    check_quantized(accelerations, device, chosen)
    if device.type == "cpu":  # elsewhere it was not measured
        join_convolutions(vae)
        for network in (unet, vae):
            merge_upsampling(network)
    vae, unet, text_encoder = (_cast(network, device, chosen) for network in (vae, unet, text_encoder))
    quantize_linear(unet, accelerations)
    if "compile" in accelerations:
        _lay_channels_last(unet)
        compile_blocks(unet)
    return Components(vae, unet, text_encoder, tokenizer, device)


def _cast(network: Any, device: torch.device, dtype: torch.dtype) -> Any:
    # Not network.to(): diffusers' own warns on stderr at any change of type.
    torch.nn.Module.to(network, device=device, dtype=dtype)
    if device.type == "cpu":
        _lay_channels_last(network)
    return network.eval().requires_grad_(False)


def _lay_channels_last(network: Any) -> None:
    """Convolutions are quicker so, on CPUs and in half precision on CUDA. There, group norms turn the layout back and
    forth unless they are compiled, too: on an H100 an eager U-Net of Stable Diffusion's was a tenth slower for it."""
    torch.nn.Module.to(network, memory_format=torch.channels_last)  # type: ignore[call-overload]


def _load(checkpoint: Checkpoint, part: str, network: Any, dtype_key: str) -> Any:
    folder = checkpoint.folder / part
    options = {dtype_key: torch.float32, "use_safetensors": True, "local_files_only": True}
    if any(".fp16." in path.name for path in weight_files(checkpoint.folder, part)):
        options["variant"] = "fp16"
    try:
        loaded, info = network.from_pretrained(str(folder), output_loading_info=True, **options)
    except Exception as error:  # of many kinds, by cause and library; each means the files are not usable
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(f"{folder} cannot be loaded ({reason}): fetch the checkpoint again") from error
    wrong = sorted(info["missing_keys"]) or sorted(map(str, info.get("mismatched_keys", ())))
    if wrong:  # the libraries would fill these with random numbers
        raise ModelError(f"{folder}: weights lack {wrong[0]} and {len(wrong) - 1} more: fetch the checkpoint again")
    return loaded


def _load_tokenizer(checkpoint: Checkpoint, tokenizer: Any) -> Any:
    folder = checkpoint.folder / "tokenizer"
    try:
        loaded = tokenizer.from_pretrained(str(folder), local_files_only=True)
    except Exception as error:  # as above
        raise ModelError(f"{folder} cannot be loaded ({error}): fetch the checkpoint again") from error
    positions = int(checkpoint.configs["text_encoder"].get("max_position_embeddings", 77))
    loaded.model_max_length = min(loaded.model_max_length, positions)
    return loaded
