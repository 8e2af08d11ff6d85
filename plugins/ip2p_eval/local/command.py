"""`ip2p eval PHOTOS --suite local`: run, show samples, count."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ip2p_cli.api import progress_bar, writing
from ip2p_eval.local.cases import Ask
from ip2p_eval.local.figures import aggregate, table
from ip2p_eval.local.suite import Judged, run_suite
from ip2p_eval.report import sample_sheet

if TYPE_CHECKING:
    from PIL.Image import Image

    from ip2p_eval.suite import Editing

SHEET_PHOTOS = 6


def run_local(
    editor: Editing, photos: list[Path], cases: Sequence[Ask], seed: int, full_resolution: bool, output: Path
) -> tuple[dict[str, Any], str]:
    """Figures for JSON and a table; `local.jpg` shows a few photos with all their edits."""
    judgements: list[Judged] = []
    rows = []
    shown = {i * len(photos) // SHEET_PHOTOS for i in range(SHEET_PHOTOS)}
    run = run_suite(editor, photos, cases, seed=seed, full_resolution=full_resolution)
    for place, judged in enumerate(progress_bar(run, total=len(photos), label="judging photos")):
        judgements += judged
        if place in shown:
            rows.append(_row(judged))
    with writing(output / "local.jpg"):
        sample_sheet(rows).save(output / "local.jpg", quality=90)
    figures = aggregate(judgements)
    return figures, table(figures)


def _row(judged: Sequence[Judged]) -> list[tuple[str, Image]]:
    """Before (where a thing was pasted, or first) and after; a star: the thing is there; a minus: not confined."""
    row: list[tuple[str, Image]] = []
    for place, each in enumerate(judged):
        if place == 0 or each.ask.kind != "add":
            row.append(("before", each.before))
        marks = ("*" if each.verdict.there else "") + ("" if each.verdict.confined else "-")
        if each.after is not None:
            row.append((f"{each.ask.family}{marks}", each.after))
    return row
