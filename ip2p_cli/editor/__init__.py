"""The editor: photos and instructions in, edited photos out. See `Editor`. The way of a batch, a module each:

    request   what was asked, settled: defaults, size, noise
    lanes     batches that are at the networks side by side
    networks  texts and photos encoded (conditioning), denoised, decoded; one batch at a time in a lane
    denoise     the loop; at each step (steps, predict) rows are evaluated (rows) and joined (guidance)
    finish    the edit carried to the photo's own pixels (detail, drawing, softness), beside the networks

`loading` has brought the networks into memory, for CPUs with layers merged (`upsampling`, `joined`). `fast/` holds what
`--accelerate` can name: each makes some steps of the loop cheaper.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ip2p_cli.accelerations import EXACT, Accelerations
from ip2p_cli.checkpoint import Checkpoint, EditDefaults, read_checkpoint
from ip2p_cli.devices import choose_device
from ip2p_cli.editor.conditioning import draw_canvas
from ip2p_cli.editor.finish import Finisher
from ip2p_cli.editor.guidance import Guidance
from ip2p_cli.editor.lanes import Lanes, number_of_lanes
from ip2p_cli.editor.loading import Components, load_components
from ip2p_cli.editor.networks import Made, Memory, Networks
from ip2p_cli.editor.request import Chain, settle
from ip2p_cli.editor.rows import Bucket
from ip2p_cli.errors import NonFiniteResult, UsageError
from ip2p_cli.hookspecs import SamplerFactory
from ip2p_cli.lora import Lora
from ip2p_cli.sampler_names import check_samplers
from ip2p_cli.types import EditRequest, EditResult

__all__ = ["Bucket", "EditDefaults", "Editor", "Guidance"]

NOT_FINITE = "the network gave NaN or infinity, also in float32: try another seed or less guidance"


class Editor:
    """One checkpoint, loaded and ready. `edit` may be called any number of times; results never depend on history.

    It may be called by several threads, which take turns at the networks (`lanes.py`). What comes after the networks
    runs in threads of its own: while one call waits for that, another one's photos are denoised.

    Attributes:
        native_size: side in pixels the checkpoint was made for.
        defaults: what a request uses where it says None.
        licence: of the checkpoint, as it states it.
        batch_size: items denoised together, and network rows in one call (`rows.py` says it exactly). Between batch
            sizes pixels agree within 1/255; within one they are the same, whatever a photo is batched with.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        components: Components,
        samplers: Mapping[str, SamplerFactory],
        lora: Lora | None = None,
        accelerations: Accelerations = EXACT,
    ) -> None:
        """`lora` is the adapter that the components have in them already."""
        self._checkpoint = checkpoint
        self._lora = lora
        self._components = components
        self._samplers = dict(samplers)
        memory = Memory()
        self._lanes = Lanes(
            lambda own: Networks(checkpoint, own, self._samplers, accelerations, memory),
            components,
            number_of_lanes(components, accelerations),
        )
        self._finisher = Finisher(components, checkpoint.factor)
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
        accelerations: Accelerations = EXACT,
    ) -> Editor:
        """Load a checkpoint folder. Raises ModelError where it cannot be run, UsageError for device and dtype."""
        checkpoint = read_checkpoint(folder)
        components = load_components(checkpoint, choose_device(device), dtype, lora, accelerations)
        return cls(checkpoint, components, samplers, lora, accelerations)

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
        return self.edit_chains([[request] for request in requests], full_resolution=full_resolution, size=size)

    def edit_chains(
        self, chains: Sequence[Sequence[EditRequest]], *, full_resolution: bool = True, size: int | None = None
    ) -> list[EditResult | NonFiniteResult]:
        """As `edit_each`, but several edits of each photo, one after the other: one result or error a chain.

        The requests of a chain have one image. A step goes on with the latents of the step before it: nothing is
        decoded and encoded again between steps, and detail is carried over once, at the end. The result is the last
        request's, its `change` is that of the whole chain. `auto_mask` is that of the first request.
        """
        native = self._native(size)
        settled: list[Chain] = [
            tuple(settle(request, self._checkpoint, self._samplers, native) for request in chain) for chain in chains
        ]
        self.check_samplers({item.sampler for chain in settled for item in chain})
        batches = [
            part for batch in _batches(settled, self.batch_size) for part in _shared_out(batch, self._lanes.count)
        ]
        work: list[Future[list[Future[EditResult] | NonFiniteResult]]] = []
        ends: dict[int, Future[EditResult] | NonFiniteResult] = {}
        try:
            for places in batches:
                work.append(self._begin([settled[place] for place in places], full_resolution))
            for places, begun in zip(batches, work, strict=True):
                ends.update(zip(places, begun.result(), strict=True))
        finally:
            for begun in work:
                begun.cancel()  # after an error nobody wants what has not begun
        in_order = (ends[place] for place in range(len(settled)))
        return [end.result() if isinstance(end, Future) else end for end in in_order]

    def check_samplers(self, names: Iterable[str]) -> None:
        """See that the samplers of these names, or aliases, can run this checkpoint.

        Raises:
            UsageError: there is none of such a name.
            ModelError: one cannot run it; the reason is told.
            MissingExtra: one needs a package that is not installed.
        """
        check_samplers(names, self._samplers, self._checkpoint.scheduler)

    def edit_latents(self, bucket: Bucket, *, sampler: str, steps: int) -> Tensor:
        """Denoise given latents: what `edit` does between encoding and decoding.

        Returns the final latents, float32, times the autoencoder's scaling factor.  # (n, c, h, w)
        """
        return self._lanes.submit(lambda networks: networks.denoise(bucket, sampler, steps, self.batch_size)).result()

    def encode_text(self, instruction: str) -> Tensor:
        """The instruction as the network reads it, kept for the next time.  # (tokens, width)"""
        return self._lanes.submit(lambda networks: networks.encode_text(instruction)).result()

    def _native(self, size: int | None) -> int:
        multiple = self._checkpoint.factor * self._checkpoint.latent_multiple
        if size is not None and size < multiple:
            raise UsageError(f"size {size} is too small: the model needs at least {multiple} pixels")
        return self.native_size if size is None else size

    def _begin(
        self, chains: Sequence[Chain], full_resolution: bool
    ) -> Future[list[Future[EditResult] | NonFiniteResult]]:
        """Chains of one bucket: once the networks' work is done, the results follow.

        Canvases are drawn here, while the networks may be at another call's photos.
        """
        canvases = [draw_canvas(chain[0].image, chain[0].fit) for chain in chains]

        def work(networks: Networks) -> list[Future[EditResult] | NonFiniteResult]:
            made = self._made(networks, chains, canvases)
            return [
                self._finisher.begin(chain, one, full_resolution)
                if one.is_finite
                else NonFiniteResult(f"{chain[-1].request.instruction!r}: {NOT_FINITE}")
                for chain, one in zip(chains, made, strict=True)
            ]

        return self._lanes.submit(work)

    def _made(self, networks: Networks, chains: Sequence[Chain], canvases: Sequence[np.ndarray]) -> list[Made]:
        """What the networks make of them; what is not finite is made again in float32."""
        made = networks.run(chains, canvases, self.batch_size)
        bad = [place for place, one in enumerate(made) if not one.is_finite]
        if bad and self.dtype != torch.float32:
            exact = networks.in_float32()
            for place in bad:
                [made[place]] = exact.run([chains[place]], [canvases[place]], self.batch_size)
        return made


def _batches(chains: Sequence[Chain], size: int) -> Iterator[list[int]]:
    """Places of the chains that are denoised together, buckets in the order of their first chain."""
    buckets: dict[tuple[object, ...], list[int]] = {}
    for place, chain in enumerate(chains):
        buckets.setdefault(tuple(item.bucket for item in chain), []).append(place)
    for places in buckets.values():
        for start in range(0, len(places), size):
            yield places[start : start + size]


def _shared_out(places: Sequence[int], lanes: int) -> Iterator[Sequence[int]]:
    """A batch cut into equal parts, at most one a lane."""
    size = -(-len(places) // lanes)
    return (places[start : start + size] for start in range(0, len(places), size))
