"""The findings in one picture, as SVG."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from ip2p_bias.corrected import Finding
from ip2p_bias.groups import Group
from ip2p_bias.reading import UNKNOWN
from ip2p_bias.resampling import Span
from ip2p_bias.shares import Share

GREY, DARK, DRIFT = "#c8c8c4", "#1f5a8a", "#9a9a95"
LABEL = 28  # letters of an instruction


def draw(findings: Sequence[Finding], has_null: bool) -> str:
    """What is perceived, how far the distributions are apart, and how often each source group changes.

    The same findings give the same bytes.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    bars = len(findings) * (3 if has_null else 2)
    groups = sum(len(_with_flips(finding)) for finding in findings)
    heights = [0.24 * bars + 1.2, 0.34 * len(findings) + 1.0, 0.24 * groups + 1.0]
    # An instruction's $ is a $.
    with mpl.rc_context({"svg.hashsalt": "ip2p", "svg.fonttype": "path", "font.size": 9, "text.parse_math": False}):
        figure = Figure(figsize=(8.2, sum(heights)), layout="constrained")
        panels = figure.subplots(3, 1, height_ratios=heights)
        _distributions(panels[0], findings, has_null)
        _distances(panels[1], findings, has_null)
        _groups(panels[2], findings, has_null)
        for axes in panels:
            axes.invert_yaxis()
            axes.spines[["top", "right", "left"]].set_visible(False)
            axes.tick_params(axis="y", length=0)
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return drawn.getvalue()[drawn.getvalue().index("<svg") :]


def _distributions(axes: Any, findings: Sequence[Finding], has_null: bool) -> None:
    import matplotlib as mpl

    names = list(findings[0].effect.before)
    colours: dict[str, Any] = {
        name: mpl.colormaps["viridis"](0.95 - 0.9 * place / len(names)) for place, name in enumerate(names)
    }
    colours[UNKNOWN] = GREY
    labels: list[str] = []
    bars = []
    for finding in findings:
        effect = finding.effect
        kinds = [("photos", effect.before), *([("null edits", effect.reference)] if has_null else [])]
        for kind, shares in [*kinds, (_short(effect.instruction), effect.after)]:
            labels.append(kind)
            bars.append(shares)
    left = [0.0] * len(bars)
    for name in names:
        widths = [100 * shares[name] for shares in bars]
        axes.barh(range(len(bars)), widths, left=left, height=0.8, color=colours[name], label=name)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    axes.set_yticks(range(len(bars)), labels)
    axes.set_xlim(0, 100)
    axes.set_xlabel("what is perceived, % of photos")
    axes.legend(frameon=False, ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0), fontsize=8)


def _distances(axes: Any, findings: Sequence[Finding], has_null: bool) -> None:
    for place, finding in enumerate(findings):
        found = finding.effect.distance
        _point(axes, found.edit, place, DARK, "edits" if place == 0 else None)
        if has_null:
            _point(axes, found.reference, place + 0.25, DRIFT, "null edits (drift)" if place == 0 else None)
    axes.set_yticks(range(len(findings)), [_short(finding.effect.instruction) for finding in findings])
    axes.set_xlim(left=0)
    axes.set_xlabel("Jensen-Shannon distance from the photos, with interval")
    if axes.get_legend_handles_labels()[0]:  # none where all have too few photos for an interval
        axes.legend(frameon=False, fontsize=8)
    axes.margins(y=0.25)


def _groups(axes: Any, findings: Sequence[Finding], has_null: bool) -> None:
    labels: list[str] = []
    for finding in findings:
        for group in _with_flips(finding):
            place = len(labels)
            labels.append(f"{_short(finding.effect.instruction)}: {_short(group.attribute)}")
            _point(axes, group.flips, place, DARK, None, 100)
            if has_null:
                _point(axes, group.reference_flips, place + 0.25, DRIFT, None, 100)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_xlim(0, 100)
    axes.set_xlabel("flips by what was perceived before, % with interval")
    axes.margins(y=0.1)


def _with_flips(finding: Finding) -> list[Group]:
    """The groups of which any photo can be compared."""
    return [group for group in finding.effect.groups if group.flips.share is not None]


def _point(axes: Any, figure: Span | Share, place: float, colour: str, label: str | None, scale: float = 1) -> None:
    """A value with its interval, if there is one."""
    value = figure.share if isinstance(figure, Share) else figure.value
    if value is None or figure.low is None or figure.high is None:
        return
    axes.plot([scale * figure.low, scale * figure.high], [place, place], color=colour, linewidth=1.6)
    axes.plot([scale * value], [place], "o", color=colour, markersize=4, label=label, clip_on=False)


def _short(text: str) -> str:
    """A label. What of a file's name is no text is escaped: no font has it."""
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= LABEL else f"{text[: LABEL - 1]}…"
