"""Latents and text states of a whole dataset, computed once with the frozen parts and kept on disk."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, AutoencoderTiny
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from ip2p_cli.api import make_output_folder, writing


@dataclass(frozen=True)
class LatentPairs:
    """All pairs of a dataset as float16 tensors; rows point into the unique photos and instructions."""

    originals: Tensor  # (m, c, h, w), unscaled: the conditioning of the paper
    edited: Tensor  # (n, c, h, w), times the autoencoder's scaling factor
    texts: Tensor  # (u, l, d)
    original_of: Tensor  # (n,)
    text_of: Tensor  # (n,)
    null_text: Tensor  # (l, d)

    def draw(self, generator: torch.Generator, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """`count` random pairs: edited latents, photo latents, text states, in float32."""
        rows = torch.randint(len(self.edited), (count,), generator=generator)
        return (
            self.edited[rows].float(),
            self.originals[self.original_of[rows]].float(),
            self.texts[self.text_of[rows]].float(),
        )


def encode_dataset(rows: Iterator[Mapping[str, object]], model: Path, cache: Path) -> LatentPairs:
    """Encode every row with the parts in `model` (or read the result from `cache`, a .safetensors file)."""
    if cache.exists():
        return _load(cache)
    vae, tokenizer, text_encoder = _frozen_parts(model)
    photos: dict[bytes, int] = {}
    texts: dict[str, int] = {}
    original_of, text_of = [], []
    originals, edited = _Encoder(vae), _Encoder(vae)
    for row in rows:
        photo = hashlib.blake2b(row["original_image"], digest_size=16).digest()  # type: ignore[arg-type]
        if photo not in photos:
            photos[photo] = len(photos)
            originals.add(row["original_image"])  # type: ignore[arg-type]
        edited.add(row["edited_image"])  # type: ignore[arg-type]
        original_of.append(photos[photo])
        text_of.append(texts.setdefault(str(row["edit_prompt"]), len(texts)))
    states = encode_texts(["", *texts], tokenizer, text_encoder)
    pairs = LatentPairs(
        originals=originals.done(),
        edited=(edited.done().float() * vae.config.scaling_factor).half(),
        texts=states[1:].half(),
        original_of=torch.tensor(original_of),
        text_of=torch.tensor(text_of),
        null_text=states[0],
    )
    _save(pairs, cache)
    return pairs


@torch.no_grad()
def encode_texts(texts: list[str], tokenizer: CLIPTokenizer, encoder: CLIPTextModel, batch_size: int = 256) -> Tensor:
    """Text states as the editor computes them: (n, l, d) float32."""
    length = tokenizer.model_max_length
    out = []
    for at in range(0, len(texts), batch_size):
        batch = texts[at : at + batch_size]
        ids = tokenizer(batch, padding="max_length", max_length=length, truncation=True, return_tensors="pt").input_ids
        out.append(encoder(ids).last_hidden_state)
    return torch.cat(out)


class _Encoder:
    """Collects encoded files and encodes them in batches, so that only latents stay in memory."""

    def __init__(self, vae: AutoencoderTiny | AutoencoderKL, batch_size: int = 32) -> None:
        self.vae, self.batch_size = vae, batch_size
        self.waiting: list[Tensor] = []
        self.latents: list[Tensor] = []

    def add(self, file: bytes) -> None:
        with Image.open(io.BytesIO(file)) as image:
            pixels = np.asarray(image.convert("RGB"))
        self.waiting.append(torch.from_numpy(pixels.copy()))
        if len(self.waiting) == self.batch_size:
            self._flush()

    def done(self) -> Tensor:
        if self.waiting:
            self._flush()
        return torch.cat(self.latents)

    @torch.no_grad()
    def _flush(self) -> None:
        batch = torch.stack(self.waiting).permute(0, 3, 1, 2).float() / 127.5 - 1  # (b, 3, h, w) in [-1, 1]
        with torch.autocast("cpu", torch.bfloat16):  # several times quicker where the processor has bf16 units
            encoded = self.vae.encode(batch.to(memory_format=torch.channels_last))
        latents = encoded.latents if hasattr(encoded, "latents") else encoded.latent_dist.mode()
        self.latents.append(latents.half().contiguous())
        self.waiting.clear()


def _frozen_parts(model: Path) -> tuple[AutoencoderTiny | AutoencoderKL, CLIPTokenizer, CLIPTextModel]:
    from diffusers import AutoModel

    vae = AutoModel.from_pretrained(str(model), subfolder="vae", use_safetensors=True, local_files_only=True)
    tokenizer = CLIPTokenizer.from_pretrained(model / "tokenizer", local_files_only=True)
    encoder = CLIPTextModel.from_pretrained(model / "text_encoder", use_safetensors=True, local_files_only=True)
    vae.eval().to(memory_format=torch.channels_last)
    return vae, tokenizer, encoder.eval()


def _save(pairs: LatentPairs, cache: Path) -> None:
    """Write the cache by rename: one that was written in part would be taken for whole."""
    temporary = cache.with_name(f"{cache.name}.{os.getpid()}.tmp")
    make_output_folder(cache.parent)
    with writing(cache):
        try:
            save_file({name: tensor.contiguous() for name, tensor in vars(pairs).items()}, temporary)
            os.replace(temporary, cache)
        finally:
            temporary.unlink(missing_ok=True)


def _load(cache: Path) -> LatentPairs:
    return LatentPairs(**load_file(cache))
