"""The U-Net's linear layers in 8 bits, by torchao: weights kept so, activations rounded at each call.

int8 as in Dettmers et al. 2022 (arXiv 2208.07339), without its outliers; float8 (e4m3) as in Micikevicius et al. 2022
(arXiv 2209.05433). Weights have a scale for each output, activations one for each row, so that no photo's result
depends on the company in which it is edited.
"""

from __future__ import annotations

from typing import Any

import torch

from ip2p_cli.accelerations import Accelerations
from ip2p_cli.errors import MissingExtra, UsageError
from ip2p_cli.quiet import quiet_libraries

QUANTIZED: Accelerations = frozenset({"int8", "float8"})
_MULTIPLE = 16  # of a layer's sizes: what kernels of 8 bits ask for
_FLOAT8_SINCE = (8, 9)  # compute capability of CUDA cards


def check_quantized(accelerations: Accelerations, device: torch.device, dtype: torch.dtype) -> None:
    """Refuse what cannot be.

    Raises:
        UsageError: both at once; float8 on a device that has none, or beside another type than bfloat16.
    """
    if accelerations >= QUANTIZED:
        raise UsageError("--accelerate int8 and float8 exclude each other: leave one out")
    if "float8" not in accelerations:
        return
    if device.type != "cuda" or torch.cuda.get_device_capability(device) < _FLOAT8_SINCE:
        raise UsageError("--accelerate float8 needs a CUDA card of compute capability 8.9 or more; int8 runs anywhere")
    if dtype != torch.bfloat16:
        raise UsageError("--accelerate float8 computes in bfloat16: leave --dtype out")


def quantize_linear(unet: Any, accelerations: Accelerations) -> None:
    """Have the network's linear layers in 8 bits from now on, where that is asked for.

    Raises:
        MissingExtra: torchao is not installed.
    """
    if not accelerations & QUANTIZED:
        return
    torchao = _torchao()
    if "int8" in accelerations:
        config = torchao.Int8DynamicActivationInt8WeightConfig(set_inductor_config=False)
    else:
        config = torchao.Float8DynamicActivationFloat8WeightConfig(
            granularity=torchao.PerRow(), set_inductor_config=False
        )
    torchao.quantize_(unet, config, filter_fn=_fits)


def _fits(module: torch.nn.Module, name: str) -> bool:
    if not isinstance(module, torch.nn.Linear):
        return False
    return module.in_features % _MULTIPLE == 0 == module.out_features % _MULTIPLE


def _torchao() -> Any:
    try:
        with quiet_libraries():
            import torchao.quantization
    except ImportError as problem:
        raise MissingExtra("--accelerate int8 or float8", "quantize") from problem
    return torchao.quantization
