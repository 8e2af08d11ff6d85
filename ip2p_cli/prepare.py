"""From a planned photo to jobs that are ready to be edited: read, compare with what is there, decode, check."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from enum import Enum
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from ip2p_cli.checks import Checks
from ip2p_cli.errors import ItemError
from ip2p_cli.images import Photo, decode
from ip2p_cli.journal import Journal, key_of
from ip2p_cli.output import Encoding
from ip2p_cli.plan import PhotoPlan
from ip2p_cli.provenance import Provenance, public_name
from ip2p_cli.recipe import merged
from ip2p_cli.sources import SourceReader
from ip2p_cli.types import EditJob, Outcome, Severity, Source, Step, StepSettings

if TYPE_CHECKING:
    from PIL.Image import Image


class OnExists(str, Enum):
    """What to do where an output is there already."""

    RESUME = "resume"
    OVERWRITE = "overwrite"
    RENAME = "rename"
    ERROR = "error"


@dataclass(frozen=True)
class RunSettings:
    """What all items of a run share. The key of an output is made of it, and of the job and the photo."""

    model: str
    fingerprint: str = ""
    defaults: StepSettings = StepSettings()
    encoding: Encoding = Encoding()
    full_resolution: bool = True
    size: int | None = None

    def key(self, job: EditJob, digest: bytes) -> str:
        """The key of what `job` makes of the photo with that digest."""
        chain = [[s.instruction, asdict(merged(s.settings, self.defaults))] for s in job.steps]
        return key_of(
            digest,
            {
                "chain": chain,
                "model": self.fingerprint,
                "seed": job.seed,
                "variant": job.variant,
                "format": self.encoding.format,
                "quality": self.encoding.quality,
                "metadata": self.encoding.metadata.value,
                "full_resolution": self.full_resolution,
                "size": self.size,
            },
        )

    def provenance(self, job: EditJob, review: StepSettings = StepSettings()) -> Provenance:
        """What an output of `job` says of how it was made; `review` holds settings that a review asked for."""
        steps = [Step(step.instruction, merged(review, merged(step.settings, self.defaults))) for step in job.steps]
        return Provenance(
            model=public_name(self.model),
            fingerprint=self.fingerprint,
            steps=tuple(steps),
            seed=job.seed,
            variant=job.variant,
            recipe=job.recipe,
            full_resolution=self.full_resolution,
            size=self.size,
        )


@dataclass(frozen=True)
class Ready:
    """A job whose photo is decoded and may be edited."""

    job: EditJob
    photo: Photo
    digest: bytes
    key: str
    mask: Image | None = None
    flags: tuple[str, ...] = ()
    seconds: float = 0.0


Prepared = Ready | Outcome


class Preparer:
    """Prepares photos, one call a photo; calls may run in several threads."""

    def __init__(
        self,
        settings: RunSettings,
        checks: Checks,
        journal: Journal | None,
        on_exists: OnExists,
        reader: SourceReader,
        max_megapixels: int,
    ) -> None:
        self._settings = settings
        self._checks = checks
        self._journal = journal
        self._on_exists = on_exists
        self._reader = reader
        self._max_megapixels = max_megapixels
        self._names_given: set[Path] = set()
        self._lock = threading.Lock()

    def prepare(self, plan: PhotoPlan) -> list[Prepared]:
        """One entry a planned job, in their order: ready to be edited, or how it ended already."""
        photo = _LoadedPhoto(plan.source, self._reader, self._max_megapixels)
        prepared: list[Prepared] = []
        for item in plan.jobs:
            started = time.monotonic()
            end = self._ending(item.job, started)
            if item.problem is not None:
                prepared.append(end("failed", item.problem))
                continue
            try:
                prepared.append(self._prepare(item.job, photo, started, end))
            except ItemError as problem:
                prepared.append(end("failed", str(problem)))
        return prepared

    def _ending(self, job: EditJob, started: float) -> Callable[[str, str | None], Outcome]:
        return lambda status, reason: Outcome(job, status, self._settings.model, time.monotonic() - started, reason)

    def _prepare(
        self, job: EditJob, loaded: _LoadedPhoto, started: float, end: Callable[[str, str | None], Outcome]
    ) -> Prepared:
        said = self._checks.instructions(job)
        if said.severity >= Severity.RETRY:
            return end("blocked", said.reason)
        key = self._settings.key(job, loaded.digest)
        job, done = self._output(job, key)
        if done:
            return end("skipped", None)
        photo = loaded.photo
        seen = self._checks.source(job, photo.rgb)
        if seen.severity >= Severity.RETRY:
            return end("blocked", seen.reason)
        flags = tuple(verdict.reason for verdict in (said, seen) if verdict.severity is Severity.FLAG)
        mask = self._checks.mask(job, photo.rgb)
        return Ready(job, photo, loaded.digest, key, mask, flags, time.monotonic() - started)

    def _output(self, job: EditJob, key: str) -> tuple[EditJob, bool]:
        """The job with the name it will write, and whether that is done already."""
        output = job.output
        if output is None or self._on_exists is OnExists.OVERWRITE or not _exists(output):
            return job, False
        if self._on_exists is OnExists.ERROR:
            raise ItemError(f"{output} exists; remove it, or choose another --on-exists")
        if self._on_exists is OnExists.RENAME:
            return replace(job, output=self._free_name(output)), False
        record = self._journal.lookup(output) if self._journal else None
        if record is None:
            raise ItemError(f"{output} exists and is not what ip2p wrote there; use --on-exists rename or overwrite")
        if record.key == key:
            return job, True
        before, now = _made(record.source, record.instructions), _made(_name(job.source), _instructions(job))
        how = f"from {before}, not {now}" if before != now else f"from {now} with other contents or settings"
        raise ItemError(f"{output} was made {how}; use --on-exists rename or overwrite, or another -o")

    def _free_name(self, output: Path) -> Path:
        with self._lock:
            number = 1
            while (
                _exists(name := output.with_name(f"{output.stem}_{number}{output.suffix}")) or name in self._names_given
            ):
                number += 1
            self._names_given.add(name)
        return name


def _exists(path: Path) -> bool:
    try:
        return path.exists() or path.is_symlink()
    except OSError as problem:
        raise ItemError(f"cannot look at {path}: {problem.strerror}") from None


def _name(source: Source) -> str:
    return str(source.path or "stdin")


def _instructions(job: EditJob) -> tuple[str, ...]:
    return tuple(step.instruction for step in job.steps)


def _made(source: str, instructions: tuple[str, ...]) -> str:
    return f"{source} by {', then '.join(repr(text) for text in instructions)}"


class _LoadedPhoto:
    """A source's bytes and pixels, each read once and only when asked for."""

    def __init__(self, source: Source, reader: SourceReader, max_megapixels: int) -> None:
        self._source = source
        self._reader = reader
        self._max_megapixels = max_megapixels
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
            self._photo = decode(self._bytes(), max_megapixels=self._max_megapixels)
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
            yield Outcome(job, "blocked", model, reason=said.reason)
        elif job.source.path is not None and not job.source.path.exists():
            yield Outcome(job, "failed", model, reason="no such file; check the name")
        else:
            yield Outcome(job, "planned", model)
