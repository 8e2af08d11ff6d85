"""An editor without a network: what it makes of a photo is easy to predict, and quick."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image, ImageChops

from ip2p_cli.errors import NonFiniteResult
from ip2p_cli.types import EditRequest, EditResult, StepSettings

SMALL = (32, 24)  # the "model's own pixels"


@dataclass(frozen=True)
class FakeDefaults:
    """What a checkpoint says of itself."""

    steps: int = 20
    text_guidance: float = 7.5
    image_guidance: float = 1.5
    sampler: str = "ddim"

    @property
    def settings(self) -> StepSettings:
        return StepSettings(self.steps, self.text_guidance, self.image_guidance, self.sampler)


class FakeEditor:
    """Adds to every pixel a number that depends on the instruction, the seed and the variant.

    Instructions that it reacts to: "explode" fails the whole call, "nan" that item, "wrong size" gives a size of its
    own, "device lost" does what a lost accelerator does.
    """

    def __init__(self, fingerprint: str = "fake-1") -> None:
        self.fingerprint = fingerprint
        self.defaults = FakeDefaults()
        self.scheduler: dict[str, Any] = {}
        self.batch_size = 8
        self.native_size = 100
        self.calls: list[list[EditRequest]] = []

    def check_samplers(self, names: Iterable[str]) -> None:
        """Every sampler runs this one."""

    def edit_each(
        self, requests: Sequence[EditRequest], *, full_resolution: bool = True, size: int | None = None
    ) -> list[EditResult | NonFiniteResult]:
        self.calls.append(list(requests))
        for request in requests:
            if "explode" in request.instruction or request.image.getpixel((0, 0)) == EXPLOSIVE:
                raise RuntimeError("bang")
            if "device lost" in request.instruction:
                raise RuntimeError("CUDA error: the device is gone")
        return [self._edit(request, full_resolution) for request in requests]

    def edit_chains(
        self, chains: Sequence[Sequence[EditRequest]], **options: Any
    ) -> list[EditResult | NonFiniteResult]:
        """Step by step, those of one number together."""
        results = self.edit_each([chain[0] for chain in chains], **options)
        for step in range(1, max(map(len, chains))):
            for place, chain in enumerate(chains):
                before = results[place]
                if step < len(chain) and isinstance(before, EditResult):
                    [after] = self.edit_each([replace(chain[step], image=before.image)], **options)
                    results[place] = replace(after, earlier=before.chain) if isinstance(after, EditResult) else after
        return results

    def _edit(self, request: EditRequest, full_resolution: bool) -> EditResult | NonFiniteResult:
        if "nan" in request.instruction:
            return NonFiniteResult("the network gave NaN")
        image = shifted(request.image, shift_of(request))
        if not full_resolution:
            image = image.resize(SMALL)
        if "wrong size" in request.instruction:
            image = image.resize((5, 5))
        return EditResult(
            image=image,
            instruction=request.instruction,
            seed=request.seed,
            steps=request.steps or self.defaults.steps,
            text_guidance=request.text_guidance or self.defaults.text_guidance,
            image_guidance=request.image_guidance or self.defaults.image_guidance,
            sampler=request.sampler or self.defaults.sampler,
            change={"mean": 0.25},
        )


EXPLOSIVE = (1, 2, 3)  # a photo whose first pixel is this one makes the editor raise


def shift_of(request: EditRequest) -> int:
    """What the fake adds to every pixel."""
    return (len(request.instruction) * 7 + request.seed * 31 + request.variant * 13 + 40) % 251


def shifted(image: Image.Image, number: int) -> Image.Image:
    """Every channel plus a number, modulo 256: no information is lost, so chains can be told apart."""
    flat = Image.new("RGB", image.size, (number, number, number))
    return ImageChops.add_modulo(image, flat)
