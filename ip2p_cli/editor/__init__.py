"""The editor: photos and instructions in, edited photos out. See `Editor`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import DDIMScheduler
from PIL import Image
from torch import Tensor

from ip2p_cli.checkpoint import Checkpoint, EditDefaults, read_checkpoint
from ip2p_cli.devices import choose_device
from ip2p_cli.editor.change import measure_change
from ip2p_cli.editor.conditioning import BoundedCache, decode, draw_canvas, encode_photo, encode_text
from ip2p_cli.editor.denoise import Bucket, denoise
from ip2p_cli.editor.detail import transfer_detail
from ip2p_cli.editor.drawing import draw_over, share_drawn
from ip2p_cli.editor.guidance import Guidance
from ip2p_cli.editor.loading import Components, load_components
from ip2p_cli.editor.noise import pixels_digest
from ip2p_cli.editor.relevance import LEVELS, mask_of, relevance
from ip2p_cli.editor.request import Item, draw_for_relevance, draw_noise, settle
from ip2p_cli.editor.softness import measure_softness, soften
from ip2p_cli.errors import Ip2pError, ModelError, NonFiniteResult, UsageError
from ip2p_cli.hookspecs import SamplerFactory
from ip2p_cli.lora import Lora
from ip2p_cli.masks import keep_outside
from ip2p_cli.sampler_names import sampler_named
from ip2p_cli.types import EditRequest, EditResult

__all__ = ["Bucket", "EditDefaults", "Editor", "Guidance"]

TEXTS_KEPT = 256
PHOTOS_KEPT = 32


@dataclass(frozen=True)
class _Photo:
    """What the networks make of one photo on its canvas."""

    latents: Tensor  # (c, h, w) on the device
    copy: Tensor  # (3, h·f, w·f) in [0, 1] on the CPU: the autoencoder's own copy


@dataclass(frozen=True)
class _Made:
    """What the networks make of one item. On the CPU, without the canvas's padding but for the map."""

    before: Tensor  # (3, height, width) nominally in [0, 1]: the autoencoder's own copy
    after: Tensor  # (3, height, width): the edit
    relevance: Tensor | None  # (h, w) of the latents, where a mask is asked for

    @property
    def is_finite(self) -> bool:
        parts = (self.before, self.after, self.relevance)
        return all(bool(torch.isfinite(part).all()) for part in parts if part is not None)


class Editor:
    """One checkpoint, loaded and ready. `edit` may be called any number of times; results never depend on history.

    Attributes:
        native_size: side in pixels the checkpoint was made for.
        defaults: what a request uses where it says None.
        licence: of the checkpoint, as it states it.
        batch_size: items denoised together, and network rows in one call. Between batch sizes pixels agree within
            1/255; within one they are the same, whatever a photo is batched with.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        components: Components,
        samplers: Mapping[str, SamplerFactory],
        lora: Lora | None = None,
    ) -> None:
        """`lora` is the adapter that the components have in them already."""
        self._checkpoint = checkpoint
        self._lora = lora
        self._components = components
        self._samplers = dict(samplers)
        self._texts: BoundedCache[Tensor] = BoundedCache(TEXTS_KEPT)
        self._photos: BoundedCache[_Photo] = BoundedCache(PHOTOS_KEPT)
        self.native_size: int = checkpoint.native_size
        self.defaults: EditDefaults = checkpoint.defaults
        self.licence: str = checkpoint.licence
        self.batch_size = 8

    @classmethod
    def load(
        cls,
        folder: Path,
        samplers: Mapping[str, SamplerFactory],
        *,
        device: str | None = None,
        dtype: str | None = None,
        lora: Lora | None = None,
    ) -> Editor:
        """Load a checkpoint folder. Raises ModelError where it cannot be run, UsageError for device and dtype."""
        checkpoint = read_checkpoint(folder)
        return cls(checkpoint, load_components(checkpoint, choose_device(device), dtype, lora), samplers, lora)

    @property
    def fingerprint(self) -> str:
        """A hash over the checkpoint's weights and configurations, and over the LoRA's."""
        own = self._checkpoint.fingerprint
        return own if self._lora is None else self._lora.fingerprint(own)

    @property
    def samplers(self) -> tuple[str, ...]:
        """The names that a request's `sampler` may have."""
        return tuple(sorted(self._samplers))

    @property
    def device(self) -> torch.device:
        """Where the networks are."""
        return self._components.device

    @property
    def dtype(self) -> torch.dtype:
        """What the networks compute in."""
        return self._components.dtype

    def edit(
        self, requests: Sequence[EditRequest], *, full_resolution: bool = True, size: int | None = None
    ) -> list[EditResult]:
        """Edit each request's image; results come in the requests' order.

        Args:
            requests: may differ in everything. Those of one size, sampler and number of steps share batches.
            full_resolution: give the image's own size and detail; otherwise the model's own pixels.
            size: in place of `native_size`.

        Raises:
            UsageError: a setting that cannot be run, before anything is.
            ModelError: a sampler that cannot run this checkpoint, likewise.
            NonFiniteResult: the network gave NaN for an item, also in float32.
        """
        results = []
        for outcome in self.edit_each(requests, full_resolution=full_resolution, size=size):
            if isinstance(outcome, NonFiniteResult):
                raise outcome
            results.append(outcome)
        return results

    def edit_each(
        self, requests: Sequence[EditRequest], *, full_resolution: bool = True, size: int | None = None
    ) -> list[EditResult | NonFiniteResult]:
        """As `edit`, but an item that fails has its error in its place, and the others are unharmed."""
        native = self._native(size)
        items = [settle(request, self._checkpoint, self._samplers, native) for request in requests]
        self.check_samplers({item.sampler for item in items})
        outcomes: dict[int, EditResult | NonFiniteResult] = {}
        for places in _batches(items, self.batch_size):
            batch = [items[place] for place in places]
            outcomes.update(zip(places, self._edit_batch(batch, full_resolution), strict=True))
        return [outcomes[place] for place in range(len(items))]

    def check_samplers(self, names: Iterable[str]) -> None:
        """See that the samplers of these names, or aliases, can run this checkpoint.

        Raises:
            UsageError: there is none of such a name.
            ModelError: one cannot run it; the reason is told.
            MissingExtra: one needs a package that is not installed.
        """
        for name in names:
            factory = self._samplers[sampler_named(name, self._samplers)]
            try:
                factory(self._checkpoint.scheduler)
            except Ip2pError:
                raise
            except Exception as problem:  # a plugin's own code
                raise ModelError(
                    f"sampler {name!r} cannot be set up for this checkpoint ({type(problem).__name__}: {problem}), "
                    "which is a fault in its plugin; choose another --sampler"
                ) from problem

    @torch.inference_mode()
    def edit_latents(self, bucket: Bucket, *, sampler: str, steps: int) -> Tensor:
        """Denoise given latents: what `edit` does between encoding and decoding.

        Returns the final latents, float32, times the autoencoder's scaling factor.  # (n, c, h, w)
        """
        scheduler = self._samplers[sampler](self._checkpoint.scheduler)  # made anew: schedulers keep a history
        with self._components.exactly():
            return denoise(self._components.unet, scheduler, steps, bucket, self.batch_size)

    @torch.inference_mode()
    def encode_text(self, instruction: str) -> Tensor:
        """The instruction as the network reads it, from the cache where it was met before.  # (tokens, width)"""
        key = (instruction, self.dtype)
        return self._texts.get(key, lambda: encode_text(self._components, instruction))

    def _native(self, size: int | None) -> int:
        multiple = self._checkpoint.factor * self._checkpoint.latent_multiple
        if size is not None and size < multiple:
            raise UsageError(f"size {size} is too small: the model needs at least {multiple} pixels")
        return self.native_size if size is None else size

    def _edit_batch(self, items: Sequence[Item], full_resolution: bool) -> Iterator[EditResult | NonFiniteResult]:
        """Up to `batch_size` items of one bucket."""
        for item, made in zip(items, self._run(items), strict=True):
            if not made.is_finite and self.dtype != torch.float32:
                with self._components.in_float32():
                    [made] = self._run([item])
            if made.is_finite:
                yield self._finish(item, made, full_resolution)
            else:
                reason = "the network gave NaN or infinity, also in float32"
                yield NonFiniteResult(f"{item.request.instruction!r}: {reason}: try another seed or less guidance")

    @torch.inference_mode()
    def _run(self, items: Sequence[Item]) -> list[_Made]:
        with self._components.exactly():
            photos, edits = self._run_networks(items)
            maps = self._relevance(items)
        windows = [(slice(None), *item.fit.window) for item in items]
        return [
            _Made(photo.copy[window], edit[window], its_map)
            for photo, edit, its_map, window in zip(photos, edits, maps, windows, strict=True)
        ]

    def _run_networks(self, items: Sequence[Item]) -> tuple[list[_Photo], Tensor]:
        """Encode, denoise, decode: the photos and, on the CPU, the edits (n, 3, h, w)."""
        photos = [self._photo(item) for item in items]
        bucket = self._bucket(items, photos)
        latents = self.edit_latents(bucket, sampler=items[0].sampler, steps=items[0].steps)
        latents = latents / self._components.vae.config.scaling_factor
        edits = torch.stack([decode(self._components, each) for each in latents])
        return photos, edits.cpu()  # one wait for the device

    def _bucket(self, items: Sequence[Item], photos: Sequence[_Photo]) -> Bucket:
        noises, generators = zip(*(draw_noise(item, self._checkpoint) for item in items), strict=True)
        return Bucket(
            photos=torch.stack([photo.latents for photo in photos]),
            texts=torch.stack([self.encode_text(item.request.instruction) for item in items]),
            no_text=self.encode_text(""),
            noise=torch.stack(noises),
            guidance=[item.guidance for item in items],
            generators=generators,
        )

    def _relevance(self, items: Sequence[Item]) -> list[Tensor | None]:
        """Of each item that asks for a mask, how much its instruction means each place: (h, w) on the CPU."""
        asking = [item for item in items if item.request.auto_mask]
        if not asking:
            return [None] * len(items)
        bucket = self._bucket(asking, [self._photo(item) for item in asking])
        draws = torch.stack([draw_for_relevance(item, self._checkpoint, len(LEVELS)) for item in asking])
        scheduler = DDIMScheduler.from_config(dict(self._checkpoint.scheduler))
        scale = float(self._components.vae.config.scaling_factor)
        maps = iter(relevance(self._components.unet, scheduler, bucket, draws, scale, self.batch_size).cpu())
        return [next(maps) if item.request.auto_mask else None for item in items]

    def _finish(self, item: Item, made: _Made, full_resolution: bool) -> EditResult:
        before, after = made.before.clamp(0, 1), made.after.clamp(0, 1)
        image = self._enlarge(item, before, after) if full_resolution else _to_image(after)
        mask = None
        if made.relevance is not None:
            mask = mask_of(made.relevance, item.fit.window, image.size, self._checkpoint.factor)
            image = keep_outside(image, item.image, mask)
        return EditResult(
            image=image,
            instruction=item.request.instruction,
            seed=item.request.seed,
            steps=item.steps,
            text_guidance=item.guidance.text,
            image_guidance=item.guidance.image,
            sampler=item.sampler,
            change=measure_change(before, after),
            mask=mask,
        )

    @torch.inference_mode()
    def _enlarge(self, item: Item, before: Tensor, after: Tensor) -> Image.Image:
        """The edit at the photo's size, with the photo's detail as far as the edit left it."""
        carried = transfer_detail(item.image, before, after)
        with self._components.exactly():
            seen = self._encode(draw_canvas(carried, item.fit)).copy[(slice(None), *item.fit.window)]
        seen = seen.clamp(0, 1)
        focus = measure_softness(seen, after)
        drawn = share_drawn(seen, after) * focus.share
        return draw_over(soften(carried, focus), _to_image(after), drawn)

    def _photo(self, item: Item) -> _Photo:
        canvas = draw_canvas(item.image, item.fit)
        key = (pixels_digest(Image.fromarray(canvas)), self.dtype)
        self._photos.capacity = max(PHOTOS_KEPT, 2 * self.batch_size)  # a batch that is edited again finds its photos
        return self._photos.get(key, lambda: self._encode(canvas))

    def _encode(self, canvas: np.ndarray) -> _Photo:
        latents = encode_photo(self._components, canvas)
        return _Photo(latents, decode(self._components, latents).cpu())


def _batches(items: Sequence[Item], size: int) -> Iterator[list[int]]:
    """Places of the items that are denoised together, buckets in the order of their first item."""
    buckets: dict[tuple[int, int, str, int], list[int]] = {}
    for place, item in enumerate(items):
        buckets.setdefault(item.bucket, []).append(place)
    for places in buckets.values():
        for start in range(0, len(places), size):
            yield places[start : start + size]


def _to_image(picture: Tensor) -> Image.Image:
    """(3, h, w) in [0, 1] -> RGB"""
    return Image.fromarray(picture.mul(255).round().to(torch.uint8).permute(1, 2, 0).numpy())
