"""What a worker that edits photos asks of the run: photos to do, and what concerns the journal, which the run keeps."""

from __future__ import annotations

from dataclasses import dataclass

from ip2p_cli.claims import Held
from ip2p_cli.types import EditJob, Outcome


@dataclass(frozen=True)
class TakePhoto:
    """A photo to do: a PhotoPlan, None where there is nothing just now, or NoMore."""


@dataclass(frozen=True)
class NoMore:
    """The answer where nothing is left to be given."""


@dataclass(frozen=True)
class IsStopRequested:
    """Whether the run is to end with what is in hand."""


@dataclass(frozen=True)
class Claim:
    """Whether to do a job: what `Claims.claim` says."""

    job: EditJob
    key: str


@dataclass(frozen=True)
class IsHeld:
    """Whether another run still has it in hand."""

    held: Held


@dataclass(frozen=True)
class Ended:
    """Note in the journal that nothing came of a claimed job."""

    outcome: Outcome
    state: str


@dataclass(frozen=True)
class PutInPlace:
    """Give a file that is whole under a temporary name its own: the run alone does that, once for each output."""

    outcome: Outcome
    temporary: str  # a name beside the output: its folder may be called otherwise on the machine of the worker
    digest: str  # of its bytes


@dataclass(frozen=True)
class Tell:
    """How a job ended."""

    outcome: Outcome
