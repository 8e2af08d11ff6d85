"""Table, Markdown and plot."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from benchmarks.plot import FREE, MET, MISSED, draw_ratios, ratios_of
from benchmarks.record import Record
from benchmarks.results import figure
from benchmarks.table import FORMATS, markdown, row, tables
from tests.benchmarks.records import MACHINE, make_record, make_run


def test_a_figure_in_words() -> None:
    shown = row(figure("speed, ours / theirs", "times", [2.0, 2.5, 3.0], ">= 2"))
    assert shown.cells == ("speed, ours / theirs", "2.50 ×", "2.25 × to 2.75 ×", "3", ">= 2.00 ×")
    assert shown.met
    once = row(figure("U-Net", "share", [0.756], ">= 0.8"))
    assert once.cells == ("U-Net", "75.6%", "", "1", ">= 80.0%") and once.met is False
    assert row(figure("start", "ms", [1.0])).met is None


@pytest.mark.parametrize("unit", FORMATS)
def test_every_unit_can_be_shown(unit: str) -> None:
    assert "0.0012" not in row(figure("x", unit, [123.4567])).cells


def test_the_terminal_shows_every_case_and_figure() -> None:
    console = Console(width=120, file=io.StringIO())
    console.print(*tables(make_record()), sep="\n")
    said = console.file.getvalue()  # type: ignore[attr-defined]
    for words in ("case: Ours beside theirs (quick, 2026-01-31)", "speed, ours / theirs", "2.50 ×", "1.25 photos/s"):
        assert words in said


def test_the_page_says_what_was_measured_with_what_and_what_was_missed() -> None:
    record = make_record().having("slow", make_run((1.0, 1.1)))
    page = markdown(record)
    assert page.startswith("# device cpu, processor A Processor @ 2 GHz, cores 2, memory gib 23.5")
    assert "| speed, ours / theirs | 2.50 × | 2.25 × to 2.75 × | 3 | >= 2.00 × |" in page
    assert page.count("(missed)") == 1
    assert page.count("2026-01-31; size quick, clock wall, rounds") == 2


@pytest.mark.parametrize(("goal", "colour"), [(">= 2", MET), ("<= 2", MISSED), (None, FREE)])
def test_the_plot_shows_whether_a_goal_is_met(goal: str | None, colour: str) -> None:
    record = Record(MACHINE, {"case": make_run(goal=goal)})
    drawn = draw_ratios(record)
    assert drawn == draw_ratios(record) and drawn.startswith("<svg")
    assert {each for each in (MET, MISSED, FREE) if each in drawn} == {colour}


def test_the_plot_holds_the_ratios_alone() -> None:
    assert [each.name for each in ratios_of(make_record())] == ["speed, ours / theirs"]
