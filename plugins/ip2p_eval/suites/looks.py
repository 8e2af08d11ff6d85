"""`--suite looks`: does an editor follow instructions on real photos, and keep their layout?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ip2p_eval.candidates import Candidate, facts_of
from ip2p_eval.choice import named
from ip2p_eval.figures import aggregate
from ip2p_eval.measured import Grid, Measured
from ip2p_eval.report import looks_table
from ip2p_eval.samples import Row, judge_all
from ip2p_eval.shared import Shared
from ip2p_eval.suite import Judged, check_families, find_photos, run_suite, unrelated_layout


@dataclass(frozen=True)
class LooksSuite:
    """Every look on every photo; a sheet of samples is left in the output folder."""

    photos: Sequence[Path]
    families: tuple[str, ...]
    shared: Shared

    def run(self, candidates: Sequence[Candidate]) -> Measured:
        """Measure the one checkpoint."""
        [candidate] = candidates
        editor = candidate.load()
        shared = self.shared
        run = run_suite(editor, self.photos, self.families, seed=shared.seed, full_resolution=shared.full_resolution)
        judged, rows = judge_all(run, len(self.photos), _row, shared.output / "looks.jpg")
        judgements = [each.judgement for each in judged]
        figures = {"model": candidate.name, **facts_of(editor), "photos": len(self.photos), **aggregate(judgements)}
        figures["unrelated_layout"] = round(unrelated_layout(self.photos, self.families), 4)
        grid = Grid("samples; *: followed, -: layout gone", rows)
        return Measured(figures, (looks_table(figures),), (grid,))


def prepare(shared: Shared, photos: Path, families: str) -> LooksSuite:
    """The suite for a folder of photos. Raises UsageError for one without, and for families that are none."""
    return LooksSuite(find_photos(photos, shared.limit), check_families(named(families)), shared)


def _row(judged: list[Judged]) -> Row:
    """The photo, then its edits; a star marks those that were followed, a minus those whose layout is gone."""
    row = [("before", judged[0].before)] if judged else []
    for each in judged:
        verdict = each.judgement
        marks = ("*" if verdict.followed else "") + ("" if verdict.preserved else "-")
        if each.after is not None:
            row.append((verdict.case.family + marks, each.after))
    return tuple(row)
