"""`--suite local`: does an editor add, remove and change one thing, and leave the rest of the photo alone?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ip2p_eval.candidates import Candidate, facts_of
from ip2p_eval.choice import named
from ip2p_eval.local.cases import Ask
from ip2p_eval.local.figures import aggregate, local_table
from ip2p_eval.local.suite import Judged, choose, run_suite
from ip2p_eval.measured import Grid, Measured
from ip2p_eval.photos import find_readable
from ip2p_eval.samples import Row, judge_all, sheet_path
from ip2p_eval.shared import Shared

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class LocalSuite:
    """Every case on every photo; sheets of samples are left in the output folder."""

    photos: Sequence[Path]
    cases: tuple[Ask, ...]
    shared: Shared

    def run(self, candidates: Sequence[Candidate]) -> Measured:
        """Measure one checkpoint after the other."""
        shared = self.shared
        wishes: dict[str, Any] = {"seed": shared.seed, "full_resolution": shared.full_resolution}
        models, grids = [], []
        for number, candidate in enumerate(candidates, start=1):
            editor = candidate.load()
            run = run_suite(editor, self.photos, self.cases, **wishes)
            judged, rows = judge_all(run, len(self.photos), _row, sheet_path(shared.output, "local", number))
            models.append({"model": candidate.name, **facts_of(editor), **aggregate(judged)})
            grids.append(Grid(f"{candidate.name}: samples; *: it is there, -: not confined", rows))
        figures = {"photos": len(self.photos), "models": models}
        return Measured(figures, tuple(map(local_table, models)), tuple(grids))


def prepare(shared: Shared, photos: Path, families: str) -> LocalSuite:
    """The suite for a folder of photos. Raises UsageError for one without, and for families that are none."""
    return LocalSuite(find_readable(photos, shared.limit), choose(named(families)), shared)


def _row(judged: list[Judged]) -> Row:
    """Before (where a thing was pasted, or first) and after; a star: the thing is there; a minus: not confined."""
    row: list[tuple[str, Image]] = []
    for place, each in enumerate(judged):
        if place == 0 or each.ask.kind != "add":
            row.append(("before", each.before))
        marks = ("*" if each.verdict.there else "") + ("" if each.verdict.confined else "-")
        if each.after is not None:
            row.append((f"{each.ask.family}{marks}", each.after))
    return tuple(row)
