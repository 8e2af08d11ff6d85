"""What every suite is told alike, what it needs of an editor, and what it can do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ip2p_cli.api import EditRequest, EditResult, Ip2pError
    from ip2p_eval.candidates import Candidate
    from ip2p_eval.measured import Measured


@dataclass(frozen=True)
class Shared:
    """Settings of a run, whatever is measured."""

    output: Path
    limit: int | None = None  # of photos, rows or sessions
    seed: int = 0
    full_resolution: bool = True  # False: the model's own pixels are judged
    device: str | None = None  # of encoders and baselines
    offline: bool = False


class Editing(Protocol):
    """What a suite needs of an editor."""

    def edit_each(
        self, requests: Sequence[EditRequest], *, full_resolution: bool = True
    ) -> Sequence[EditResult | Ip2pError]:
        """Results in the requests' order; a failed one has its error in its place."""


class Suite(Protocol):
    """A measure, ready to run: what was wrong with DATA or options has been said by now."""

    def run(self, candidates: Sequence[Candidate]) -> Measured:
        """Load and measure one checkpoint after the other."""
