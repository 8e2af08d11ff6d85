"""Whether a device computes quicker in bfloat16 (Kalamkar et al. 2019, arXiv 1905.12322) than in float32."""

from __future__ import annotations

import torch


def is_quicker(device: torch.device) -> bool:
    """On CUDA where the card has it, on CPUs with AVX-512 BF16 or AMX; elsewhere it is emulated, and slower."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu":
        return False
    return any(_has(name) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))


def _has(question: str) -> bool:
    ask = getattr(torch.cpu, question, None)  # not of torch's public part: a later version may call it otherwise
    return ask is not None and bool(ask())
