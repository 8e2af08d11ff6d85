"""The type that the big networks of the data factory compute in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ip2p_cli.api import UsageError

if TYPE_CHECKING:
    import torch

DTYPES = ("float32", "float16", "bfloat16")


def choose_dtype(name: str | None, device: torch.device) -> torch.dtype:
    """The named type; by default float16 on CUDA, float32 elsewhere.

    Raises:
        UsageError: it is unknown.
    """
    import torch

    if name is None or name == "auto":
        return torch.float16 if device.type == "cuda" else torch.float32
    if name not in DTYPES:
        raise UsageError(f"dtype {name!r} is not known; use {', '.join(DTYPES)}")
    found = getattr(torch, name)
    assert isinstance(found, torch.dtype)
    return found
