"""The networks at work on a batch: photos and instructions in, the autoencoder's two small pictures out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from diffusers import DDIMScheduler
from PIL import Image
from torch import Tensor

from ip2p_cli.accelerations import EXACT, Accelerations
from ip2p_cli.checkpoint import Checkpoint
from ip2p_cli.editor.conditioning import BoundedCache, Seen, decode, draw_canvas, encode_text, see
from ip2p_cli.editor.denoise import denoise
from ip2p_cli.editor.loading import Components
from ip2p_cli.editor.noise import pixels_digest
from ip2p_cli.editor.relevance import LEVELS, mask_of, relevance
from ip2p_cli.editor.request import Chain, Item, draw_for_relevance, draw_noise
from ip2p_cli.editor.rows import Bucket, Network
from ip2p_cli.hookspecs import SamplerFactory

TEXTS_KEPT = 256
PHOTOS_KEPT = 32


class Networks:
    """One checkpoint's networks, for one thread at a time. What they have read of texts and photos is kept."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        components: Components,
        samplers: Mapping[str, SamplerFactory],
        accelerations: Accelerations = EXACT,
    ) -> None:
        self._checkpoint = checkpoint
        self._components = components
        self._samplers = samplers
        self._accelerations = accelerations
        self._network = Network(components.unet, shorter="compile" not in accelerations)
        self._texts: BoundedCache[Tensor] = BoundedCache(TEXTS_KEPT)
        self._photos: BoundedCache[Seen] = BoundedCache(PHOTOS_KEPT)

    def in_float32(self) -> Networks:
        """The same in float32, of copies: these stay as they are."""
        return Networks(self._checkpoint, self._components.in_float32(), self._samplers, self._accelerations)

    @torch.inference_mode()
    def encode_text(self, instruction: str) -> Tensor:
        """The instruction as the network reads it.  # (tokens, width)"""
        return self._texts.get(instruction, lambda: encode_text(self._components, instruction))

    @torch.inference_mode()
    def denoise(self, bucket: Bucket, sampler: str, steps: int, batch_size: int) -> Tensor:
        """The final latents, float32, times the autoencoder's scaling factor.  # (n, c, h, w)"""
        scheduler = self._samplers[sampler](self._checkpoint.scheduler)  # made anew: schedulers keep a history
        with self._components.exactly():
            return denoise(self._network, scheduler, steps, bucket, batch_size, self._accelerations)

    @torch.inference_mode()
    def run(self, chains: Sequence[Chain], batch_size: int) -> list[tuple[Tensor, Tensor]]:
        """For each chain the autoencoder's copy of its photo and the edit, both (3, h, w) on the CPU, about in [0, 1].

        Each step edits the latents that the step before it made: between steps nothing is decoded.
        """
        with self._components.exactly():
            photos = [self._photo(chain[0]) for chain in chains]
            latents = torch.stack([photo.latents for photo in photos])
            for items in zip(*chains, strict=True):
                bucket = self._bucket(items, latents.to(self._components.dtype))
                latents = self.denoise(bucket, items[0].sampler, items[0].steps, batch_size)
                latents = latents / self._components.vae.config.scaling_factor
            edits = torch.stack([decode(self._components, each) for each in latents]).cpu()  # one wait for the device
        windows = [(slice(None), *chain[0].fit.window) for chain in chains]
        return [(photo.copy[window], edit[window]) for photo, edit, window in zip(photos, edits, windows, strict=True)]

    @torch.inference_mode()
    def masks(self, items: Sequence[Item], batch_size: int) -> list[Image.Image | None]:
        """Of each item that asks for one, where its instruction means to change it, at its image's size."""
        asking = [item for item in items if item.request.auto_mask]
        if not asking:
            return [None] * len(items)
        with self._components.exactly():
            photos = [self._photo(item) for item in asking]
            bucket = self._bucket(asking, torch.stack([photo.latents for photo in photos]))
            draws = torch.stack([draw_for_relevance(item, self._checkpoint, len(LEVELS)) for item in asking])
            scheduler = DDIMScheduler.from_config(dict(self._checkpoint.scheduler))
            scale = float(self._components.vae.config.scaling_factor)
            maps = relevance(self._network, scheduler, bucket, draws, scale, batch_size)
        if not torch.isfinite(maps).all() and self._components.dtype != torch.float32:
            return self.in_float32().masks(items, batch_size)
        following = iter(maps.nan_to_num())  # what is NaN here is NaN in the edit, too, and fails there
        factor = self._checkpoint.factor
        return [
            mask_of(next(following), item.fit.window, item.image.size, factor) if item.request.auto_mask else None
            for item in items
        ]

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

    def _photo(self, item: Item) -> Seen:
        canvas = draw_canvas(item.image, item.fit)
        return self._photos.get(pixels_digest(Image.fromarray(canvas)), lambda: see(self._components, canvas))
