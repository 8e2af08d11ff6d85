"""Which device networks run on."""

from __future__ import annotations

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
