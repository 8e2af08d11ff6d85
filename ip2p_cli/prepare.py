"""From a planned photo to jobs that are ready to be edited: read, compare with what is there, decode, check."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import blake2b
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ip2p_cli.checks import Checks, highest
from ip2p_cli.choices import Frames
from ip2p_cli.claims import Ended, Held
from ip2p_cli.entries import digest_of, key_of
from ip2p_cli.errors import ItemError
from ip2p_cli.images import Photo
from ip2p_cli.ledger import Ledger
from ip2p_cli.masks import GivenMasks
from ip2p_cli.output import Encoding
from ip2p_cli.plan import Chains, PhotoPlan, PlannedJob
from ip2p_cli.provenance import Provenance, public_name
from ip2p_cli.recipe import merged
from ip2p_cli.sources import SourceReader
from ip2p_cli.types import EditJob, Outcome, Severity, Source, Step, StepSettings, Verdict

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class RunSettings:
    """What all items of a run share. The key of an output is made of it, and of the job and the photo."""

    model: str
    fingerprint: str = ""  # of the model, and of the LoRA on it
    defaults: StepSettings = StepSettings()
    encoding: Encoding = Encoding()
    full_resolution: bool = True
    size: int | None = None
    frames: Frames = Frames.ALL
    lora: str | None = None  # its name, as others may read it
    mask: str | None = None  # the name of the masks that the user gave
    accelerate: tuple[str, ...] = ()  # sorted names of what is traded for time

    def key(self, job: EditJob, digest: bytes, masks: Sequence[Image | None] = ()) -> str:
        """The key of what `job` makes of the photo with that digest, where the masks of its frames let it.

        How often to try is no part of it: that is the run's patience, not what is asked for.
        """
        chain = [[s.instruction, _in_force(merged(s.settings, self.defaults))] for s in job.steps]
        band = {} if job.change is None else {"change": [job.change.low, job.change.high]}
        quick = {"accelerate": self.accelerate} if self.accelerate else {}
        return key_of(
            digest,
            {
                **band,
                **quick,
                "chain": chain,
                "model": self.fingerprint,
                "seed": job.seed,
                "variant": job.variant,
                "format": self.encoding.format,
                "quality": self.encoding.quality,
                "metadata": self.encoding.metadata.value,
                "signed": self.encoding.signing and digest_of(self.encoding.signing.certificates),
                "frames": self.frames.value,
                "full_resolution": self.full_resolution,
                "size": self.size,
                "masks": [mask and digest_of(mask.tobytes()) for mask in masks] if any(masks) else None,
            },
        )

    def provenance(self, job: EditJob) -> Provenance:
        """What an output of `job` says of how it was made."""
        steps = [Step(step.instruction, merged(step.settings, self.defaults)) for step in job.steps]
        return Provenance(
            model=public_name(self.model),
            fingerprint=self.fingerprint,
            steps=tuple(steps),
            seed=job.seed,
            variant=job.variant,
            recipe=job.recipe,
            frames=self.frames.value,
            full_resolution=self.full_resolution,
            size=self.size,
            lora=self.lora,
            mask=self.mask,
            accelerate=self.accelerate,
        )

    def identity(self, chains: Chains) -> str:
        """Equal for two runs if and only if they make the same of every photo."""
        no_photo = Source(None, PurePosixPath())
        jobs = [
            EditJob(no_photo, None, chain, chains.seed, chains.variants, change=chains.change)
            for chain in chains.chains
        ]
        return key_of(b"", [*(self.key(job, b"") for job in jobs), *([self.mask] if self.mask else [])])


def _in_force(settings: StepSettings) -> dict[str, object]:
    """What is set; a setting that came later than an output leaves its key as it was."""
    return {name: value for name, value in asdict(settings).items() if value is not None and value is not False}


@dataclass(frozen=True)
class Ready:
    """A job whose photo is decoded and may be edited."""

    job: EditJob
    photo: Photo
    digest: bytes
    mask: Image | None = None
    flags: tuple[str, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)  # what checks have given so far
    seconds: float = 0.0
    further: tuple[Ready, ...] = ()  # the photo's other frames or pages, as rows of the same job
    key: str = ""  # of the output
    follows: bool = False  # it has the settings of the frame before it, and no review changes them


@dataclass(frozen=True)
class Waiting:
    """A job that another run has in hand: to be prepared again when that has finished it, or has died."""

    plan: PhotoPlan
    held: Held


Prepared = Ready | Waiting | Outcome


class Preparer:
    """Prepares photos, one call a photo; calls may run in several threads."""

    def __init__(
        self,
        settings: RunSettings,
        checks: Checks,
        ledger: Ledger | None,
        reader: SourceReader,
        decode: Callable[[bytes], Photo],
        masks: GivenMasks | None = None,
    ) -> None:
        self._settings = settings
        self._masks = masks
        self._checks = checks
        self._ledger = ledger
        self._reader = reader
        self._decode = decode

    def prepare(self, plan: PhotoPlan) -> list[Prepared]:
        """One entry a planned job, in their order: ready to be edited, or how it ended already."""
        photo = _LoadedPhoto(plan.source, self._reader, self._decode)
        return [self._prepare(item, photo) for item in plan.jobs]

    def is_waiting(self, waiting: Waiting) -> bool:
        """Whether the other run still has it in hand."""
        return self._ledger is not None and self._ledger.is_held(waiting.held)

    def _prepare(self, item: PlannedJob, loaded: _LoadedPhoto) -> Prepared:
        job, started = item.job, time.monotonic()

        def end(status: str, reason: str | None, scores: Mapping[str, float] | None = None) -> Outcome:
            seconds = time.monotonic() - started
            return Outcome(job, status, self._settings.model, seconds, reason, scores=scores or {})

        if item.problem is not None:
            return end("failed", item.problem)
        said = self._checks.instructions(job)
        if said.severity >= Severity.RETRY:
            return end("blocked", said.reason, said.scores)
        try:
            # Masks belong to what an output is made from; without a plugin that makes them, nothing is decoded here.
            has_masks = self._masks is not None or self._checks.make_masks
            masks = [self._mask(job, frame.rgb) for frame in (loaded.photo.frames if has_masks else ())]
            key = self._settings.key(job, loaded.digest, masks)
            claimed = job if self._ledger is None else self._ledger.claim(job, key)
        except ItemError as problem:
            return end("failed", str(problem))
        if isinstance(claimed, Held):
            return Waiting(PhotoPlan(job.source, (item,)), claimed)
        if isinstance(claimed, Ended):
            return end(claimed.status, claimed.reason)
        job = claimed
        try:
            ready = self._ready(job, loaded, masks, said, end)
        except ItemError as problem:
            ready = end("failed", str(problem))
        if isinstance(ready, Outcome):
            if self._ledger is not None:
                self._ledger.ended(ready, ready.status)
            return ready
        return replace(ready, seconds=time.monotonic() - started, key=key)

    def _mask(self, job: EditJob, image: Image) -> Image | None:
        """Where both the user's mask and the plugins' let a frame change."""
        made = self._checks.mask(job, image)
        if self._masks is None:
            return made
        given = self._masks.of(job.source, image.size)
        if made is None:
            return given
        from PIL import ImageChops

        return ImageChops.darker(given, made)

    def _ready(
        self,
        job: EditJob,
        loaded: _LoadedPhoto,
        masks: Sequence[Image | None],
        said: Verdict,
        end: Callable[[str, str | None, Mapping[str, float]], Outcome],
    ) -> Ready | Outcome:
        photo = loaded.photo
        all_seen = [self._checks.source(job, frame.rgb) for frame in photo.frames]
        seen = max(all_seen, key=lambda verdict: verdict.severity)
        scores = highest([said.scores, *(verdict.scores for verdict in all_seen)])
        if seen.severity >= Severity.RETRY:
            return end("blocked", seen.reason, scores)
        flags = tuple(verdict.reason for verdict in (said, seen) if verdict.severity is Severity.FLAG)
        frames = zip(photo.frames, masks or [None] * len(photo.frames), strict=True)
        rows = [
            Ready(job, replace(photo, rgb=frame.rgb, alpha=frame.alpha), loaded.digest, mask) for frame, mask in frames
        ]
        return replace(rows[0], flags=flags, scores=scores, further=tuple(rows[1:]))


class _LoadedPhoto:
    """A source's bytes and pixels, each read once and only when asked for."""

    def __init__(self, source: Source, reader: SourceReader, decode: Callable[[bytes], Photo]) -> None:
        self._source = source
        self._reader = reader
        self._decode = decode
        self._data: bytes | None = None
        self._photo: Photo | None = None
        self._digest: bytes | None = None

    @property
    def digest(self) -> bytes:
        """blake2b of the file's bytes."""
        if self._digest is None:
            self._digest = blake2b(self._bytes(), digest_size=32).digest()
        return self._digest

    @property
    def photo(self) -> Photo:
        """The decoded photo."""
        if self._photo is None:
            _ = self.digest  # of these very bytes: the file may be another by the time that somebody asks
            self._photo = self._decode(self._bytes())
            self._data = None
        return self._photo

    def _bytes(self) -> bytes:
        if self._data is None:
            try:
                self._data = self._reader.read(self._source)
            except OSError as problem:
                reason = problem.strerror or problem
                raise ItemError(f"cannot be read: {reason}; check the name and its permissions") from None
        return self._data


def planned_outcomes(plan: PhotoPlan, checks: Checks, model: str) -> Iterator[Outcome]:
    """What a dry run says of a photo: no pixel is read."""
    for item in plan.jobs:
        job, said = item.job, checks.instructions(item.job)
        if item.problem is not None:
            yield Outcome(job, "failed", model, reason=item.problem)
        elif said.severity >= Severity.RETRY:
            yield Outcome(job, "blocked", model, reason=said.reason, scores=said.scores)
        elif job.source.path is not None and not job.source.path.exists():
            yield Outcome(job, "failed", model, reason="no such file; check the name")
        else:
            flag = said.reason if said.severity is Severity.FLAG else None
            yield Outcome(job, "planned", model, reason=flag, scores=said.scores)
