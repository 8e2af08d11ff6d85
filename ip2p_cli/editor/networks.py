"""The networks at work on a batch: photos and instructions in, the autoencoder's two small pictures out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from diffusers import DDIMScheduler
from PIL import Image
from torch import Tensor

from ip2p_cli.accelerations import Accelerations
from ip2p_cli.checkpoint import Checkpoint
from ip2p_cli.editor.conditioning import BoundedCache, Seen, decode, encode_text, see
from ip2p_cli.editor.denoise import denoise
from ip2p_cli.editor.loading import Components
from ip2p_cli.editor.noise import pixels_digest
from ip2p_cli.editor.relevance import LEVELS, relevance
from ip2p_cli.editor.request import Chain, Item, draw_for_relevance, draw_noise
from ip2p_cli.editor.rows import Bucket, Network
from ip2p_cli.hookspecs import SamplerFactory

TEXTS_KEPT = 256
PHOTOS_KEPT = 32


@dataclass(frozen=True)
class Made:
    """What the networks make of one item. On the CPU, without the canvas's padding but for the map."""

    photo: np.ndarray  # (height, width, 3) uint8: what the autoencoder was shown
    before: Tensor  # (3, height, width) nominally in [0, 1]: its own copy
    after: Tensor  # (3, height, width): the edit
    relevance: Tensor | None  # (h, w) of the latents, where a mask is asked for

    @property
    def is_finite(self) -> bool:
        """Whether there is no NaN and no infinity in it."""
        parts = (self.before, self.after, self.relevance)
        return all(bool(torch.isfinite(part).all()) for part in parts if part is not None)


class Memory:
    """What networks have read of texts and photos is kept; those of several lanes share it."""

    def __init__(self) -> None:
        self.texts: BoundedCache[Tensor] = BoundedCache(TEXTS_KEPT)
        self.photos: BoundedCache[Seen] = BoundedCache(PHOTOS_KEPT)


class Networks:
    """One checkpoint's networks, for one thread at a time."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        components: Components,
        samplers: Mapping[str, SamplerFactory],
        accelerations: Accelerations,
        memory: Memory,
    ) -> None:
        self._checkpoint = checkpoint
        self._components = components
        self._samplers = samplers
        self._accelerations = accelerations
        self._network = Network(components.unet, shorter="compile" not in accelerations)
        self._memory = memory

    def in_float32(self) -> Networks:
        """The same in float32, of copies: these stay as they are."""
        components = self._components.in_float32()
        return Networks(self._checkpoint, components, self._samplers, self._accelerations, Memory())

    @torch.inference_mode()
    def encode_text(self, instruction: str) -> Tensor:
        """The instruction as the network reads it.  # (tokens, width)"""
        return self._memory.texts.get(instruction, lambda: encode_text(self._components, instruction))

    @torch.inference_mode()
    def denoise(self, bucket: Bucket, sampler: str, steps: int, batch_size: int) -> Tensor:
        """The final latents, float32, times the autoencoder's scaling factor.  # (n, c, h, w)"""
        scheduler = self._samplers[sampler](self._checkpoint.scheduler)  # made anew: schedulers keep a history
        with self._components.exactly():
            return denoise(self._network, scheduler, steps, bucket, batch_size, self._accelerations)

    @torch.inference_mode()
    def run(self, chains: Sequence[Chain], canvases: Sequence[np.ndarray], batch_size: int) -> list[Made]:
        """Encode, denoise, decode; and map what the first instructions mean, where a mask is asked for.

        `canvases` are those of the chains' photos, (h, w, 3) uint8. Each step of a chain edits the latents that the
        step before it made: between steps nothing is decoded.
        """
        self._memory.photos.capacity = max(PHOTOS_KEPT, 2 * batch_size)  # a batch that is edited again finds its photos
        first = [chain[0] for chain in chains]
        with self._components.exactly():
            photos = [self._see(canvas) for canvas in canvases]
            latents = torch.stack([photo.latents for photo in photos])
            for items in zip(*chains, strict=True):
                bucket = self._bucket(items, latents.to(self._components.dtype))
                latents = self.denoise(bucket, items[0].sampler, items[0].steps, batch_size)
                latents = latents / self._components.vae.config.scaling_factor
            edits = torch.stack([decode(self._components, each) for each in latents]).cpu()  # one wait for the device
            maps = self._relevance(first, photos, batch_size)
        windows = [item.fit.window for item in first]
        return [
            Made(canvas[window], photo.copy[(slice(None), *window)], edit[(slice(None), *window)], its_map)
            for canvas, photo, edit, its_map, window in zip(canvases, photos, edits, maps, windows, strict=True)
        ]

    def _relevance(self, items: Sequence[Item], photos: Sequence[Seen], batch_size: int) -> list[Tensor | None]:
        """Of each item that asks for a mask, how much its instruction means each place: (h, w) on the CPU."""
        asking = [item for item in items if item.request.auto_mask]
        if not asking:
            return [None] * len(items)
        seen = [photo.latents for item, photo in zip(items, photos, strict=True) if item.request.auto_mask]
        bucket = self._bucket(asking, torch.stack(seen))
        draws = torch.stack([draw_for_relevance(item, self._checkpoint, len(LEVELS)) for item in asking])
        scheduler = DDIMScheduler.from_config(dict(self._checkpoint.scheduler))
        scale = float(self._components.vae.config.scaling_factor)
        maps = iter(relevance(self._network, scheduler, bucket, draws, scale, batch_size).cpu())
        return [next(maps) if item.request.auto_mask else None for item in items]

    def _bucket(self, items: Sequence[Item], photos: Tensor) -> Bucket:
        noises, generators = zip(*(draw_noise(item, self._checkpoint) for item in items), strict=True)
        return Bucket(
            photos=photos,
            texts=torch.stack([self.encode_text(item.request.instruction) for item in items]),
            no_text=self.encode_text(""),
            noise=torch.stack(noises),
            guidance=[item.guidance for item in items],
            generators=generators,
        )

    def _see(self, canvas: np.ndarray) -> Seen:
        return self._memory.photos.get(pixels_digest(Image.fromarray(canvas)), lambda: see(self._components, canvas))
