"""What the network is told: instructions as text embeddings, photos as latents. Both are kept for the next request."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ip2p_cli.editor.loading import Components
from ip2p_cli.editor.sizes import Fit

REDUCING_GAP = 4.0  # photos of eight times the size and more are first made smaller by whole pixels: two levels at most

log = logging.getLogger("ip2p")
Value = TypeVar("Value")


@dataclass(frozen=True)
class Seen:
    """What the autoencoder makes of one canvas."""

    latents: Tensor  # (c, h, w) on the device
    copy: Tensor  # (3, h·f, w·f) on the CPU: its own copy, nominally in [0, 1]


class BoundedCache(Generic[Value]):
    """Keeps the `capacity` values used last. Several threads may ask: each value is made by the first that does."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._values: OrderedDict[Hashable, Future[Value]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value for `key`, made now unless it is kept."""
        with self._lock:
            is_new = key not in self._values
            value = self._values.setdefault(key, Future())
            self._values.move_to_end(key)
            while len(self._values) > self.capacity:
                self._values.popitem(last=False)
        if is_new:
            self._make(key, value, make)
        return value.result()

    def _make(self, key: Hashable, value: Future[Value], make: Callable[[], Value]) -> None:
        try:
            value.set_result(make())
        except BaseException as problem:  # of those who wait for it, too; the next to ask tries again
            with self._lock:
                self._values.pop(key, None)
            value.set_exception(problem)

    def __len__(self) -> int:
        return len(self._values)


def encode_text(components: Components, instruction: str) -> Tensor:
    """The text encoder's last hidden states, padded to the tokenizer's full length.  # (tokens, width)"""
    tokenizer, encoder = components.tokenizer, components.text_encoder
    length = tokenizer.model_max_length
    if len(tokenizer(instruction).input_ids) > length:
        log.warning("the instruction %r is cut: the model reads %d tokens", instruction, length)
    tokens: Any = tokenizer(instruction, padding="max_length", max_length=length, truncation=True, return_tensors="pt")
    masked = getattr(encoder.config, "use_attention_mask", False)
    mask = tokens.attention_mask.to(components.device) if masked else None
    hidden: Tensor = encoder(tokens.input_ids.to(components.device), attention_mask=mask)[0]
    return hidden[0]


def draw_canvas(image: Image.Image, fit: Fit) -> np.ndarray:
    """The photo scaled onto its canvas, mirrored outward over what is left.  # (h, w, 3) uint8

    Mirroring goes on as the photo does; grey bars would be edited too, and bleed into it.
    """
    size = (fit.content_width, fit.content_height)
    content = image if image.size == size else image.resize(size, Image.Resampling.LANCZOS, None, REDUCING_GAP)
    return np.pad(np.asarray(content), (*fit.padding, (0, 0)), mode="symmetric")


def see(components: Components, canvas: np.ndarray) -> Seen:
    """A canvas through the autoencoder and back."""
    latents = encode_photo(components, canvas)
    return Seen(latents, decode(components, latents).cpu())


def encode_photo(components: Components, canvas: np.ndarray) -> Tensor:
    """The mode of the encoder's distribution, *not* multiplied by the scaling factor: what released weights expect.

    canvas (h·f, w·f, 3) uint8 -> (c, h, w)
    """
    pixels = torch.from_numpy(canvas.copy()).permute(2, 0, 1)[None]  # (1, 3, h·f, w·f)
    pixels = pixels.to(components.device, torch.float32).div(127.5).sub(1).to(components.dtype)
    encoded = components.vae.encode(pixels)
    latents: Tensor = encoded.latent_dist.mode() if hasattr(encoded, "latent_dist") else encoded.latents
    return latents[0]


def decode(components: Components, latents: Tensor) -> Tensor:
    """A picture from latents that are *not* multiplied by the scaling factor.

    (c, h, w) -> (3, h·f, w·f) float32, nominally in [0, 1] but not clamped: NaN must still show.
    """
    decoded: Tensor = components.vae.decode(latents[None].to(components.dtype), return_dict=False)[0]
    return decoded[0].float().div(2).add(0.5)
