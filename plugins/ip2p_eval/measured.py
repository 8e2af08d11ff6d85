"""What a suite hands over: figures for JSON, and the tables and pictures that show them to people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

    from ip2p_eval.plot import Line


@dataclass(frozen=True)
class Table:
    """A table of words and numbers. The first column is text, the others are set to the right."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Plain text, for a terminal."""
        lines = [self.header, *self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.header))]
        said = [
            "  ".join(_cell(text, width, column) for column, (text, width) in enumerate(zip(line, widths, strict=True)))
            for line in lines
        ]
        return "\n".join([self.title, *(line.rstrip() for line in said), *self.notes])


@dataclass(frozen=True)
class Grid:
    """Samples: a row for each source, its pictures with what is said below each."""

    title: str
    rows: tuple[tuple[tuple[str, Image], ...], ...]


@dataclass(frozen=True)
class Measured:
    """The outcome of a suite."""

    figures: Mapping[str, Any]
    tables: tuple[Table, ...]
    grids: tuple[Grid, ...] = ()
    lines: tuple[Line, ...] = field(default=())  # of the trade-off curve


def percent(share: Mapping[str, Any]) -> str:
    """A share of figures.py as "83 (80–86)", in per cent with its Wilson 95 % interval; a dash where nothing counts."""
    if share["share"] is None:
        return "–"
    return f"{100 * share['share']:.0f} ({100 * share['low']:.0f}–{100 * share['high']:.0f})"


def _cell(text: str, width: int, column: int) -> str:
    return text.rjust(width) if column else text.ljust(width)
