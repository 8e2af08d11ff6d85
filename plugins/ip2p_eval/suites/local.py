"""`--suite local`: does an editor add, remove and change one thing, and leave the rest of the photo alone?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ip2p_eval.candidates import Candidate, facts_of
from ip2p_eval.choice import named
from ip2p_eval.local.cases import Ask
from ip2p_eval.local.figures import aggregate, local_table
from ip2p_eval.local.suite import Judged, choose, run_suite
from ip2p_eval.measured import Grid, Measured
from ip2p_eval.samples import Row, judge_all
from ip2p_eval.shared import Shared
from ip2p_eval.suite import find_photos

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class LocalSuite:
    """Every case on every photo; a sheet of samples is left in the output folder."""

    photos: Sequence[Path]
    cases: tuple[Ask, ...]
    shared: Shared

    def run(self, candidates: Sequence[Candidate]) -> Measured:
        """Measure the one checkpoint."""
        [candidate] = candidates
        editor = candidate.load()
        shared = self.shared
        run = run_suite(editor, self.photos, self.cases, seed=shared.seed, full_resolution=shared.full_resolution)
        judgements, rows = judge_all(run, len(self.photos), _row, shared.output / "local.jpg")
        figures = {"model": candidate.name, **facts_of(editor), "photos": len(self.photos), **aggregate(judgements)}
        grid = Grid("samples; *: it is there, -: not confined", rows)
        return Measured(figures, (local_table(figures),), (grid,))


def prepare(shared: Shared, photos: Path, families: str) -> LocalSuite:
    """The suite for a folder of photos. Raises UsageError for one without, and for families that are none."""
    return LocalSuite(find_photos(photos, shared.limit), choose(named(families)), shared)


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
