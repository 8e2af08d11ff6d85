"""The frozen values that pass between the stages of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor


@dataclass(frozen=True)
class Source:
    """One photo to edit: where it is read from, and where it belongs under the output folder."""

    path: Path | None  # None: standard input
    relative: PurePosixPath  # folder and file name under the output root


@dataclass(frozen=True)
class StepSettings:
    """Settings of one edit; None means the checkpoint's own default."""

    steps: int | None = None
    text_guidance: float | None = None  # s_T of the paper
    image_guidance: float | None = None  # s_I of the paper
    sampler: str | None = None
    auto_mask: bool | None = None  # change only where the model itself says that the instruction means


@dataclass(frozen=True)
class Step:
    """One instruction of a chain, its variables already filled in."""

    instruction: str
    settings: StepSettings = StepSettings()


@dataclass(frozen=True)
class ChangeBand:
    """How far an edit is to go: its distance from the photo within [low, high], found within so many tries."""

    low: float
    high: float
    tries: int


@dataclass(frozen=True)
class EditJob:
    """One output: a source, the chain to apply and the name to write."""

    source: Source
    output: Path | None  # None: standard output
    steps: tuple[Step, ...]
    seed: int = 0
    variant: int = 0
    recipe: str | None = None
    change: ChangeBand | None = None  # None: as far as the settings take it
    number: int = field(default=0, compare=False)  # its place among all of a run, where several workers do them


@dataclass(frozen=True)
class EditRequest:
    """One edit of one image, for `Editor.edit`. None anywhere means the checkpoint's default.

    `noise`, if given, is the (C, h, w) standard normal latent to start from, and fixes the model's size at
    (h·f, w·f) pixels. Otherwise the noise comes from blake2b(seed, source_digest, step_index, variant), where the
    digest defaults to that of the image's pixels.
    """

    image: Image  # upright RGB
    instruction: str
    steps: int | None = None
    text_guidance: float | None = None
    image_guidance: float | None = None
    sampler: str | None = None
    seed: int = 0
    noise: Tensor | None = None
    source_digest: bytes | None = None
    step_index: int = 0
    variant: int = 0
    auto_mask: bool = False


@dataclass(frozen=True)
class EditResult:
    """What came of one request. `change` holds figures in [0, 1] on how far the edit went (0: a copy).

    With `auto_mask`, `mask` (mode L, the image's size) says where the image is the edit (255) and where the photo (0).
    """

    image: Image
    instruction: str
    seed: int
    steps: int
    text_guidance: float
    image_guidance: float
    sampler: str
    change: Mapping[str, float] = field(default_factory=dict)
    mask: Image | None = None
    earlier: tuple[StepSettings, ...] = ()  # of the steps before, where it had a chain at once

    @property
    def chain(self) -> tuple[StepSettings, ...]:
        """The settings of each step that made it, nothing left to defaults."""
        return *self.earlier, StepSettings(self.steps, self.text_guidance, self.image_guidance, self.sampler)


@dataclass(frozen=True)
class Try:
    """One edit of a job, and what its reviews said."""

    chain: tuple[StepSettings, ...]  # of each step, the checkpoint's defaults filled in
    scores: Mapping[str, float]  # of the reviews, by `plugin.name`

    @property
    def settings(self) -> StepSettings:
        """Those of the last step."""
        return self.chain[-1]


class Severity(IntEnum):
    """How strict a verdict is; of several, the greatest wins."""

    ALLOW = 0
    FLAG = 1
    RETRY = 2
    BLOCK = 3


@dataclass(frozen=True)
class Verdict:
    """What a check says of an instruction, a photo or a result."""

    severity: Severity
    reason: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)
    settings: StepSettings | tuple[StepSettings, ...] | None = None  # retry: what to try next, see `retry`
    miss: float | None = None  # of a result: how far off it is; of several tries the nearest is written

    @classmethod
    def allow(cls, scores: Mapping[str, float] | None = None) -> Verdict:
        """Nothing to say against it."""
        return cls(Severity.ALLOW, "", scores or {})

    @classmethod
    def flag(cls, reason: str, scores: Mapping[str, float] | None = None, *, miss: float | None = None) -> Verdict:
        """Write it, but mark it for a person to look at; with a `miss`, write an earlier try that was nearer."""
        return cls(Severity.FLAG, reason, scores or {}, miss=miss)

    @classmethod
    def block(cls, reason: str, scores: Mapping[str, float] | None = None) -> Verdict:
        """Write nothing."""
        return cls(Severity.BLOCK, reason, scores or {})

    @classmethod
    def retry(
        cls,
        settings: StepSettings | Sequence[StepSettings],
        reason: str,
        scores: Mapping[str, float] | None = None,
        *,
        miss: float | None = None,
    ) -> Verdict:
        """Edit once more with other settings: of the last step, or, given as a sequence, of each step of the chain.

        What they leave at None stays as it was.
        """
        given = settings if isinstance(settings, StepSettings) else tuple(settings)
        return cls(Severity.RETRY, reason, scores or {}, given, miss)


@dataclass(frozen=True)
class Outcome:
    """How one job ended. `status` is done, skipped, flagged, blocked, failed or (dry run) planned."""

    job: EditJob
    status: str
    model: str
    seconds: float = 0.0
    reason: str | None = None
    change: Mapping[str, float] = field(default_factory=dict)
    tries: tuple[Try, ...] = ()  # where it was edited more than once, or was to go so far
    scores: Mapping[str, float] = field(default_factory=dict)  # of the checks, by `plugin.name`
    settings: tuple[StepSettings, ...] = ()  # of each step, as it was run; none where nothing was


@dataclass(frozen=True)
class Preview:
    """How one job would end, and its picture: upright RGB at the photo's size, None where it failed or is blocked."""

    outcome: Outcome
    image: Image | None


@dataclass(frozen=True)
class ModelInfo:
    """A model that `--model NAME` can name: where it is and what a user should know of it."""

    name: str
    location: str  # a folder, or a hub id
    native_size: int | None = None  # side in pixels the checkpoint was made for
    licence: str = "unknown"
    description: str = ""
