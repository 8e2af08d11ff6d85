"""A record as a table: for the terminal, and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rich.table import Table

from benchmarks.record import Record
from benchmarks.results import Figure

COLUMNS = ("figure", "median", "quartiles", "of", "goal")
FORMATS = {
    "times": "{:.2f} ×",
    "share": "{:.1%}",
    "photos/s": "{:.2f} photos/s",
    "s": "{:.2f} s",
    "ms": "{:.1f} ms",
    "MiB": "{:.0f} MiB",
    "difference": "{:.1e}",
}


@dataclass(frozen=True)
class Row:
    """A figure in words, in the order of COLUMNS."""

    cells: tuple[str, str, str, str, str]
    met: bool | None  # None: it has no goal


def row(figure: Figure) -> Row:
    """One figure in words."""
    spread, said = figure.spread, FORMATS[figure.unit].format
    quartiles = f"{said(spread.low)} to {said(spread.high)}" if spread.of > 1 else ""
    goal = "" if figure.goal is None else f"{figure.goal.sign} {said(figure.goal.value)}"
    met = None if figure.goal is None else figure.goal.is_met(spread)
    return Row((figure.name, said(spread.median), quartiles, str(spread.of), goal), met)


def tables(record: Record) -> Iterator[Table]:
    """One table a case."""
    for name, run in record.runs.items():
        table = Table(title=f"{name}: {run.title} ({run.settings['size']}, {run.date})", title_justify="left")
        for column in COLUMNS:
            table.add_column(column, justify="left" if column == "figure" else "right")
        for each in map(row, run.result.figures):
            style = {True: "green", False: "red", None: None}[each.met]
            table.add_row(*each.cells, style=style)
        yield table


def markdown(record: Record) -> str:
    """All tables, with what they were measured with."""
    machine = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in record.machine.items())
    parts = [f"# {machine}", "Written by `python -m benchmarks`; how to read it: [README.md](README.md)."]
    for name, run in record.runs.items():
        parts += [f"## {name}", f"{run.title}."]
        lines = [f"| {' | '.join(COLUMNS)} |", "|---|---:|---:|---:|---:|"]
        for each in map(row, run.result.figures):
            *cells, goal = each.cells
            missed = " (missed)" if each.met is False else ""
            lines.append(f"| {' | '.join(cells)} | {goal}{missed} |")
        parts += ["\n".join(lines), f"{run.date}; {_said(run.settings)}; {_said(run.source)}; {_said(run.software)}."]
    return "\n\n".join(parts) + "\n"


def _said(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())
