"""`--suite guidance`: do the two scales do what they should?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ip2p_cli.api import UsageError, progress_bar
from ip2p_eval.candidates import Candidate, facts_of
from ip2p_eval.choice import named
from ip2p_eval.guidance import FAMILIES_ASKED, run_guidance, summarise
from ip2p_eval.looks.suite import check_families
from ip2p_eval.looks.wordings import held_out
from ip2p_eval.measured import Measured
from ip2p_eval.photos import find_readable
from ip2p_eval.report import guidance_table
from ip2p_eval.shared import Shared


@dataclass(frozen=True)
class GuidanceSuite:
    """A few looks at rising scales on every photo."""

    photos: Sequence[Path]
    instructions: Sequence[str]
    shared: Shared

    def run(self, candidates: Sequence[Candidate]) -> Measured:
        """Measure one checkpoint after the other."""
        wishes: dict[str, Any] = {"seed": self.shared.seed, "full_resolution": self.shared.full_resolution}
        models = []
        for candidate in candidates:
            editor = candidate.load()
            run = run_guidance(editor, self.photos, self.instructions, **wishes)
            found = summarise(list(progress_bar(run, total=len(self.photos), label=candidate.name)))
            models.append({"model": candidate.name, **facts_of(editor), **found})
        figures = {"photos": len(self.photos), "instructions": list(self.instructions), "models": models}
        return Measured(figures, tuple(map(guidance_table, models)))


def prepare(shared: Shared, photos: Path, families: str) -> GuidanceSuite:
    """The suite for a folder of photos.

    Raises:
        UsageError: there are no photos, or none of the families is one that this suite asks for.
    """
    found = find_readable(photos, shared.limit)
    chosen = check_families(named(families))
    asked = [held_out()[family][0] for family in FAMILIES_ASKED if family in chosen]
    if not asked:
        known = ", ".join(FAMILIES_ASKED)
        raise UsageError(f"the guidance suite asks for {known}: name one of these, or leave it out")
    return GuidanceSuite(found, asked, shared)
