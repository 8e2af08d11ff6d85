"""Noise that belongs to one item: the same whatever the item is batched with, and on whichever device it runs."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from PIL.Image import Image


def pixels_digest(image: Image) -> bytes:
    """A digest of the picture itself, for requests that bring no digest of their source file."""
    hasher = hashlib.blake2b(repr((image.mode, image.size)).encode(), digest_size=16)
    hasher.update(image.tobytes())
    return hasher.digest()


def item_generator(seed: int, source_digest: bytes, step_index: int, variant: int) -> torch.Generator:
    """One item's generator. On the CPU on purpose: its stream is then the same for every device."""
    hasher = hashlib.blake2b(digest_size=8, person=b"ip2p noise")
    hasher.update(f"{seed}/{step_index}/{variant}/".encode())
    hasher.update(source_digest)
    number = int.from_bytes(hasher.digest(), "little") >> 1  # manual_seed takes 63 bits without wrapping
    return torch.Generator("cpu").manual_seed(number)


def initial_noise(generator: torch.Generator, channels: int, height: int, width: int) -> Tensor:
    """Standard normal noise, float32 on the CPU.  # (c, h, w)"""
    return torch.randn((channels, height, width), generator=generator, dtype=torch.float32)
