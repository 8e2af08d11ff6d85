"""`--suite looks`: does an editor follow instructions on real photos, and keep their layout?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ip2p_eval.candidates import Candidate, facts_of
from ip2p_eval.choice import named
from ip2p_eval.looks.figures import aggregate
from ip2p_eval.looks.suite import Judged, check_families, run_suite, unrelated_layout
from ip2p_eval.measured import Grid, Measured
from ip2p_eval.photos import find_readable
from ip2p_eval.report import looks_table
from ip2p_eval.samples import Row, judge_all, sheet_path
from ip2p_eval.shared import Shared


@dataclass(frozen=True)
class LooksSuite:
    """Every look on every photo; sheets of samples are left in the output folder."""

    photos: Sequence[Path]
    families: tuple[str, ...]
    shared: Shared

    def run(self, candidates: Sequence[Candidate]) -> Measured:
        """Measure one checkpoint after the other."""
        shared = self.shared
        wishes: dict[str, Any] = {"seed": shared.seed, "full_resolution": shared.full_resolution}
        models, grids = [], []
        for number, candidate in enumerate(candidates, start=1):
            editor = candidate.load()
            run = run_suite(editor, self.photos, self.families, **wishes)
            judged, rows = judge_all(run, len(self.photos), _row, sheet_path(shared.output, "looks", number))
            judgements = [each.judgement for each in judged]
            models.append({"model": candidate.name, **facts_of(editor), **aggregate(judgements)})
            grids.append(Grid(f"{candidate.name}: samples; *: followed, -: layout gone", rows))
        unrelated = round(unrelated_layout(self.photos, self.families), 4)
        figures = {"photos": len(self.photos), "unrelated_layout": unrelated, "models": models}
        return Measured(figures, tuple(map(looks_table, models)), tuple(grids))


def prepare(shared: Shared, photos: Path, families: str) -> LooksSuite:
    """The suite for a folder of photos. Raises UsageError for one without, and for families that are none."""
    return LooksSuite(find_readable(photos, shared.limit), check_families(named(families)), shared)


def _row(judged: list[Judged]) -> Row:
    """The photo, then its edits; a star marks those that were followed, a minus those whose layout is gone."""
    row = [("before", judged[0].before)] if judged else []
    for each in judged:
        verdict = each.judgement
        marks = ("*" if verdict.followed else "") + ("" if verdict.preserved else "-")
        if each.after is not None:
            row.append((verdict.case.family + marks, each.after))
    return tuple(row)
