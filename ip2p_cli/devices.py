"""Which device networks run on, and what it is made for."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from ip2p_cli.errors import UsageError

if TYPE_CHECKING:
    import torch


def choose_device(name: str | None) -> torch.device:
    """The named device, or the best there is (None, or "auto").

    Raises:
        UsageError: it is unknown, or not there.
    """
    import torch

    if name is None or name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UsageError(f"device {name!r} is not known: use cpu, cuda, cuda:0 … or mps") from None
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise UsageError(f"device {name!r} is not there (CUDA devices: {torch.cuda.device_count()}): use --device cpu")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise UsageError(f"device {name!r} is not there: use --device cpu")
    return device


def may_be_cuda(name: str | None) -> bool:
    """Whether the named device, or the best there is, is a CUDA card: a guess that does not wait for torch."""
    return shutil.which("nvidia-smi") is not None if name in (None, "all") else str(name).startswith("cuda")


def bfloat16_is_quicker(device: torch.device) -> bool:
    """Whether a device computes quicker in bfloat16 (Kalamkar et al. 2019, arXiv 1905.12322) than in float32.

    On CUDA where the card has it, on CPUs with AVX-512 BF16 or AMX; elsewhere it is emulated, and slower.
    """
    import torch

    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu":
        return False
    # not of torch's public part: a later version may call them otherwise
    asks = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return any(ask is not None and ask() for ask in asks)
