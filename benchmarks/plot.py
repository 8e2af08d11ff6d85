"""The ratios of a record in one picture: medians with quartiles, and the goals beside them."""

from __future__ import annotations

from typing import Any

from benchmarks.record import Record
from benchmarks.results import Figure
from ip2p_eval.plot import draw

MET, MISSED, FREE = "#2b7a3d", "#b3362b", "#4a5a70"
ROW = 0.28  # inches


def ratios_of(record: Record) -> list[Figure]:
    """What the plot shows, in the order of the table."""
    return [figure for run in record.runs.values() for figure in run.result.figures if figure.unit == "times"]


def draw_ratios(record: Record) -> str:
    """An SVG picture. The same record gives the same bytes.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    figures = ratios_of(record)
    name = str(record.machine["device"] if record.machine["device"] != "cpu" else record.machine["processor"])
    return draw(lambda axes: _fill(axes, figures, name), "the plot of the ratios", (9.5, 1.1 + ROW * len(figures)))


def _fill(axes: Any, figures: list[Figure], name: str) -> None:
    for place, figure in enumerate(figures):
        spread, goal = figure.spread, figure.goal
        colour = FREE if goal is None else MET if goal.is_met(spread) else MISSED
        bars = [[spread.median - spread.low], [spread.high - spread.median]]
        axes.errorbar([spread.median], [place], xerr=bars, fmt="o", markersize=5, capsize=2.5, color=colour)
        if goal is not None:
            axes.plot([goal.value], [place], marker="|", markersize=13, markeredgewidth=2, color="#222222")
            axes.annotate(f" {goal.sign}", (goal.value, place), textcoords="offset points", xytext=(2, 3), fontsize=7)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g} ×")
    axes.set_yticks(range(len(figures)), [figure.name for figure in figures])
    axes.invert_yaxis()
    axes.axvline(1, color="#bbbbbb", linewidth=0.8, zorder=0)
    axes.set_title(f"{name}: medians and quartiles; | marks a goal", loc="left", fontsize=9)
