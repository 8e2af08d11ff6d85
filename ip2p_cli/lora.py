"""A low-rank adapter on disk, as `--lora` names it: found and known by its bytes, without torch."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from ip2p_cli.errors import ModelError

FILE = "pytorch_lora_weights.safetensors"  # as diffusers and `ip2p train --lora` call it


@dataclass(frozen=True)
class Lora:
    """One adapter."""

    file: Path
    name: str  # of its file or folder alone: the path would tell whose machine it was
    digest: str  # of its bytes

    def fingerprint(self, checkpoint: str) -> str:
        """Of a checkpoint of that fingerprint with this adapter on it: two that are equal edit alike."""
        return hashlib.blake2b(f"{checkpoint}+{self.digest}".encode(), digest_size=16).hexdigest()


def find_lora(name: str) -> Lora:
    """The adapter in a folder or a file.

    Raises:
        ModelError: there is none, or it is not safetensors.
    """
    path = Path(name).expanduser()
    if not path.exists():
        raise ModelError(f"no LoRA {name!r} here: check the path; it is a .safetensors file, or a folder with {FILE}")
    file = path / FILE if path.is_dir() else path
    if not file.is_file():
        raise ModelError(f"{path} holds no {FILE}: name the file itself, if it is called otherwise")
    if file.suffix != ".safetensors":
        raise ModelError(f"{file}: only safetensors are loaded, for other formats can hide code: convert it first")
    try:
        return Lora(file, path.resolve().name, hashlib.blake2b(file.read_bytes(), digest_size=16).hexdigest())
    except OSError as problem:
        raise ModelError(f"{file} cannot be read: {problem.strerror}; check its permissions") from None
