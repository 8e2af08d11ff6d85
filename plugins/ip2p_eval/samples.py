"""Judging photo by photo: all judgements, and the rows of a few photos for people to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ip2p_cli.api import progress_bar, writing
from ip2p_eval.report import sample_sheet

if TYPE_CHECKING:
    from PIL.Image import Image

SHOWN = 6  # photos, spread over the folder
Judged = TypeVar("Judged")
Row = tuple[tuple[str, "Image"], ...]


def sheet_path(folder: Path, suite: str, number: int) -> Path:
    """Where the sheet of the first, second … checkpoint goes."""
    return folder / (f"{suite}.jpg" if number == 1 else f"{suite}-{number}.jpg")


def judge_all(
    run: Iterable[list[Judged]], count: int, row: Callable[[list[Judged]], Row], sheet: Path
) -> tuple[list[Judged], tuple[Row, ...]]:
    """The judgements of `count` photos one after the other; the rows that are shown are left as a sheet, too."""
    judgements: list[Judged] = []
    rows: list[Row] = []
    shown = {i * count // SHOWN for i in range(SHOWN)}
    for place, judged in enumerate(progress_bar(run, total=count, label="judging photos")):
        judgements += judged
        if place in shown:
            rows.append(row(judged))
    with writing(sheet):
        sample_sheet(rows).save(sheet, quality=90)
    return judgements, tuple(rows)
