"""The trade-off curves of several models in one picture, as SVG."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ip2p_cli.api import MissingExtra


@dataclass(frozen=True)
class Point:
    """A mean with its 95 % interval on both axes."""

    setting: float
    x: tuple[float, float, float]  # mean, low, high
    y: tuple[float, float, float]


@dataclass(frozen=True)
class Line:
    """The points of one model, joined in the order of the settings."""

    name: str
    setting_name: str  # what the numbers beside the points are
    points: tuple[Point, ...]


def draw_lines(lines: Sequence[Line], x_name: str, y_name: str) -> str:
    """An SVG picture of all lines. The same lines give the same bytes.

    Raises:
        MissingExtra: matplotlib is not installed.
    """

    def fill(axes: Any) -> None:
        for line in lines:
            _draw(axes, line)
        axes.set_xlabel(x_name)
        axes.set_ylabel(y_name)
        axes.legend(frameon=False)

    return draw(fill, "the plot of the curves", (7.5, 5.0))


def draw(fill: Callable[[Any], None], what: str, size: tuple[float, float]) -> str:
    """An SVG picture of width and height in inches, made by `fill(axes)`.

    Raises:
        MissingExtra: matplotlib is not installed; `what` needs it.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra(what, "audit") from None
    with mpl.rc_context({"svg.hashsalt": "ip2p", "svg.fonttype": "path", "font.size": 9}):
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.add_subplot()
        fill(axes)
        axes.grid(color="#dddddd", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return drawn.getvalue()[drawn.getvalue().index("<svg") :]


def _draw(axes: Any, line: Line) -> None:
    means = [([point.x[0] for point in line.points]), ([point.y[0] for point in line.points])]
    spans = [
        [[mean - low for mean, low, _ in values], [high - mean for mean, _, high in values]]
        for values in ([point.x for point in line.points], [point.y for point in line.points])
    ]
    [drawn] = axes.plot(*means, marker="o", markersize=4, linewidth=1.4, label=f"{line.name} ({line.setting_name})")
    bars: dict[str, Any] = {"xerr": spans[0], "yerr": spans[1], "ecolor": drawn.get_color(), "alpha": 0.35}
    axes.errorbar(*means, fmt="none", elinewidth=0.8, capsize=2, **bars)
    for point in line.points:
        axes.annotate(
            f"{point.setting:g}", (point.x[0], point.y[0]), textcoords="offset points", xytext=(5, 5), fontsize=7
        )
