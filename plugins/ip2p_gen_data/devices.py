"""Where the big networks of the data factory run, and in which type."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ip2p_cli.api import UsageError

if TYPE_CHECKING:
    import torch

DTYPES = ("float32", "float16", "bfloat16")


def choose_device(name: str | None) -> torch.device:
    """The named device, or the best there is.

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
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError):
        raise UsageError(f"device {name!r} is unknown or not there; use --device cpu") from None
    return device


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


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Keep the libraries' load-time notes and progress bars off the terminal; their errors still show."""
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    both = (diffusers_logging, transformers_logging)
    before = [library.get_verbosity() for library in both]
    for library in both:
        library.set_verbosity_error()
        library.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of options whose new names older releases do not know
            yield
    finally:
        for library, verbosity in zip(both, before, strict=True):
            library.set_verbosity(verbosity)
            library.enable_progress_bar()
