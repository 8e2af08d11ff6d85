"""Reads the tensors out of a file, and runs nothing that is in it."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ip2p_cli.convert.stubs import may_be_stubbed, stubs_for
from ip2p_cli.errors import ModelError


def read_weights(path: Path) -> dict[str, Tensor]:
    """Name -> tensor, of a safetensors file or a pickled checkpoint (of its `state_dict` where it has one).

    Raises:
        ModelError: the file would run code, is damaged, or holds no tensors.
    """
    content = _read_safetensors(path) if path.suffix == ".safetensors" else _read_pickle(path)
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    items = content.items() if isinstance(content, Mapping) else ()
    tensors = {name: value for name, value in items if isinstance(name, str) and isinstance(value, Tensor)}
    if not tensors:
        raise ModelError(f"{path} holds no weights; is it a checkpoint?")
    return tensors


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (OSError, SafetensorError) as problem:
        raise ModelError(f"{path} is no safetensors file ({problem}); fetch it again") from problem


def _read_pickle(path: Path) -> Any:
    if not _starts_like_one(path):
        raise ModelError(
            f"{path} is no checkpoint file: give a .ckpt or .safetensors file, or a folder in diffusers layout"
        )
    zipped = zipfile.is_zipfile(path)  # since torch 1.6; the format before it cannot be looked through beforehand
    names = _foreign_globals(path) if zipped else []
    refused = sorted(name for name in names if not may_be_stubbed(name))
    if refused:
        raise ModelError(
            f"{path} is refused and nothing in it was run: it asks for {', '.join(refused)}, which no weights need; "
            f"get a safetensors version of it from its author"
        )
    try:
        with torch.serialization.safe_globals(stubs_for(names)):
            return torch.load(path, map_location="cpu", weights_only=True, mmap=zipped or None)
    except pickle.UnpicklingError as problem:
        raise ModelError(
            f"{path} is refused, and nothing in it was run ({_first_line(problem)}); "
            f"get a safetensors version of it from its author"
        ) from problem
    except (EOFError, ValueError, RuntimeError, KeyError, TypeError, AttributeError) as problem:
        raise _unreadable(path, problem) from problem


def _starts_like_one(path: Path) -> bool:
    """Whether a file starts as torch writes them: as a zip archive, before 1.6 as a pickle (protocol 2 on)."""
    with path.open("rb") as file:
        start = file.read(4)
    return start == b"PK\x03\x04" or (start[:1] == b"\x80" and start[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"))


def _foreign_globals(path: Path) -> list[str]:
    """The classes and functions that a checkpoint names and `weights_only` does not know, found without loading it."""
    try:
        return torch.serialization.get_unsafe_globals_in_checkpoint(str(path))
    except pickle.UnpicklingError as problem:
        raise ModelError(
            f"{path} is refused, and nothing in it was run ({_first_line(problem)}); "
            f"get a safetensors version of it from its author"
        ) from problem
    except (EOFError, ValueError, RuntimeError) as problem:
        raise _unreadable(path, problem) from problem


def _unreadable(path: Path, problem: Exception) -> ModelError:
    return ModelError(f"{path} is no PyTorch checkpoint, or a damaged one ({_first_line(problem)}); fetch it again")


def _first_line(problem: Exception) -> str:
    lines = str(problem).strip().splitlines()
    # torch's advice in these messages is to switch the safeguard off: its first sentence is all that is passed on.
    return (lines[0] if lines else type(problem).__name__).split(". ")[0]
