"""The frozen parts of an editor at work: pictures to latents and instructions to text states, each only once."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from ip2p_cli.api import UsageError

from .buckets import cover
from .precision import mixed
from .tensor_store import TensorStore

PIXELS_AT_ONCE = 32 * 256 * 256
TEXTS_AT_ONCE = 64
KEPT_AT_ONCE = 512  # pictures in one transaction: each waits for the disk


@dataclass(frozen=True)
class Opened:
    """A picture on its way to the autoencoder."""

    key: bytes
    pixels: Tensor | None  # (3, h, w) uint8; None where its latents are kept already


class Pictures:
    """Encodes picture files that the store lacks, in batches of one size and always full.

    A batch that is filled up with copies gives each picture the same latents whatever it is encoded with: a run that
    was killed meanwhile goes on as if it had not been.
    """

    def __init__(self, vae: Any, store: TensorStore, precision: str, name: bytes) -> None:
        """`name` is the autoencoder's in keys (`fingerprint`)."""
        self.vae, self.store, self.precision = vae, store, precision
        self._name = name + precision.encode()
        self._waiting: dict[tuple[int, int], dict[bytes, Tensor]] = {}
        self._encoded: dict[bytes, Tensor] = {}

    def key(self, file: bytes, size: tuple[int, int], mirrored: bool = False) -> bytes:
        """Where the latents are of a picture that is cut to (width, height)."""
        return _key(self._name, file, f"{size[0]}x{size[1]}{'m' * mirrored}")

    def open(self, file: bytes, size: tuple[int, int], mirrored: bool = False) -> Opened:
        """A picture decoded and cut, where it has to be. Several threads may do so.

        Raises:
            ValueError: it cannot be decoded.
        """
        key = self.key(file, size, mirrored)
        if key in self.store:
            return Opened(key, None)
        picture = cover(open_picture(file), size)
        pixels = np.array(ImageOps.mirror(picture) if mirrored else picture)
        return Opened(key, torch.from_numpy(pixels).permute(2, 0, 1))

    def add(self, picture: Opened, size: tuple[int, int]) -> bytes:
        """Have it encoded; the key that it will be under."""
        waiting = self._waiting.setdefault(size, {})
        known = any(picture.key in place for place in (self.store, waiting, self._encoded))
        if picture.pixels is not None and not known:
            waiting[picture.key] = picture.pixels
            if len(waiting) == _batch_size(size):
                self._encode(size)
        return picture.key

    def finish(self) -> None:
        """Encode what is waiting, and keep it."""
        for size in list(self._waiting):
            self._encode(size)
        self._keep()

    @torch.no_grad()
    def _encode(self, size: tuple[int, int]) -> None:
        waiting = self._waiting.pop(size)
        if not waiting:
            return
        device = next(self.vae.parameters()).device
        rows = list(waiting.values())
        batch = torch.stack(rows + rows[-1:] * (_batch_size(size) - len(rows))).to(device)
        pixels = (batch.float() / 127.5 - 1).to(memory_format=torch.channels_last)  # (b, 3, h, w) in [-1, 1]
        with mixed(device, self.precision):
            encoded = self.vae.encode(pixels)
        latents = encoded.latents if hasattr(encoded, "latents") else encoded.latent_dist.mode()
        if not torch.isfinite(latents[: len(rows)]).all():
            raise UsageError('the autoencoder gives NaN for a picture; set [loop] precision = "fp32"')
        self._encoded.update(zip(waiting, latents.to(torch.float16).cpu(), strict=False))
        if len(self._encoded) >= KEPT_AT_ONCE:
            self._keep()

    def _keep(self) -> None:
        if self._encoded:
            self.store.put(self._encoded)
        self._encoded = {}


class Texts:
    """Encodes instructions that the store lacks."""

    def __init__(self, tokenizer: CLIPTokenizer, encoder: CLIPTextModel, store: TensorStore, name: bytes) -> None:
        """`name` is that of encoder and tokenizer in keys (`fingerprint`)."""
        self.tokenizer, self.encoder, self.store, self._name = tokenizer, encoder, store, name
        positions = int(encoder.config.max_position_embeddings)
        self.length = min(tokenizer.model_max_length, positions)

    def key(self, text: str) -> bytes:
        """Where an instruction's states are."""
        return _key(self._name, text.encode())

    def add(self, texts: Sequence[str]) -> None:
        """Encode them."""
        missing = [text for text in dict.fromkeys(texts) if self.key(text) not in self.store]
        for at in range(0, len(missing), TEXTS_AT_ONCE):
            batch = missing[at : at + TEXTS_AT_ONCE]
            filled = batch + [""] * (TEXTS_AT_ONCE - len(batch))
            self.store.put(dict(zip(map(self.key, batch), self._states(filled), strict=False)))

    @torch.no_grad()
    def _states(self, texts: list[str]) -> Tensor:
        """As the editor computes them: (n, l, d)."""
        ids = self.tokenizer(
            texts, padding="max_length", max_length=self.length, truncation=True, return_tensors="pt"
        ).input_ids
        states: Tensor = self.encoder(ids.to(self.encoder.device)).last_hidden_state
        return states


def open_picture(file: bytes) -> Image.Image:
    """Decoded, RGB.

    Raises:
        ValueError: it cannot be.
    """
    with decoding(), Image.open(io.BytesIO(file)) as image:
        return image.convert("RGB")


@contextmanager
def decoding() -> Iterator[None]:
    """Whatever a decoder raises becomes a ValueError that says what is wrong with the picture."""
    try:
        yield
    except UnidentifiedImageError:  # its own words are the address of the bytes
        raise ValueError("one of its pictures is in no known format") from None
    except (OSError, SyntaxError, Image.DecompressionBombError) as problem:
        raise ValueError(f"one of its pictures cannot be decoded ({problem})") from problem


def load_vae(base: Path) -> Any:
    """The frozen autoencoder, AutoencoderTiny or AutoencoderKL, in float32."""
    from diffusers import AutoModel

    vae = AutoModel.from_pretrained(
        str(base), subfolder="vae", use_safetensors=True, local_files_only=True, torch_dtype=torch.float32
    )
    return vae.eval().requires_grad_(False).to(memory_format=torch.channels_last)


def load_text(base: Path) -> tuple[CLIPTokenizer, CLIPTextModel]:
    """Tokenizer and frozen text encoder, in float32."""
    tokenizer = CLIPTokenizer.from_pretrained(base / "tokenizer", local_files_only=True)
    encoder = CLIPTextModel.from_pretrained(
        base / "text_encoder", use_safetensors=True, local_files_only=True, dtype=torch.float32
    )
    return tokenizer, encoder.eval().requires_grad_(False)


def fingerprint(*folders: Path) -> bytes:
    """Of all that is in the folders of one or more parts."""
    hasher = hashlib.blake2b(digest_size=16)
    for path in sorted(path for folder in folders for path in folder.iterdir() if path.is_file()):
        hasher.update(f"{path.name}\n{path.stat().st_size}\n".encode())
        with path.open("rb") as stream:
            while block := stream.read(1 << 22):
                hasher.update(block)
    return hasher.digest()


def _key(name: bytes, content: bytes, more: str = "") -> bytes:
    return hashlib.blake2b(name + more.encode() + b"\0" + content, digest_size=16).digest()


def _batch_size(size: tuple[int, int]) -> int:
    return max(1, min(32, PIXELS_AT_ONCE // (size[0] * size[1])))
