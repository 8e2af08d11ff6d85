"""What a dataset is like: counts by reason, quantiles and histograms of the scores, a sheet of examples."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ip2p_cli.api import read_pairs

from .clip_filter.rules import KEPT, SCORES
from .clip_filter.stage import decisions_file

QUANTILES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
DRAWN = ("p2p_threshold", "cfg_scale")
EXAMPLES = 24


@dataclass(frozen=True)
class Stats:
    """Figures of all candidates, or of the dataset alone where it was not filtered here."""

    reasons: Mapping[str, int]
    values: Mapping[str, Sequence[float]]  # score -> one finite value for each row that has it
    kept: Mapping[str, Sequence[bool]]  # score -> of the same rows, whether they were kept

    def quantiles(self) -> dict[str, list[float]]:
        """Score -> its quantiles at QUANTILES."""
        return {name: [_quantile(values, q) for q in QUANTILES] for name, values in self.values.items() if values}


def collect(folder: Path) -> Stats:
    """Figures of a dataset.

    Raises:
        UsageError: there is none.
    """
    names = (*SCORES, *DRAWN)
    rows = _decisions(folder) if decisions_file(folder).exists() else _finished(folder, names)
    values: dict[str, list[float]] = {name: [] for name in names}
    kept: dict[str, list[bool]] = {name: [] for name in names}
    for row in rows:
        for name in names:
            if row[name] is not None and math.isfinite(row[name]):
                values[name].append(row[name])
                kept[name].append(row["reason"] == KEPT)
    reasons = Counter(row["reason"] for row in rows)
    return Stats(dict(reasons.most_common()), values, kept)


def draw_charts(stats: Stats, path: Path) -> None:
    """Write the histograms and the bars of reasons as one PNG."""
    from . import charts

    panels = [charts.histogram(values, stats.kept[name], name) for name, values in stats.values.items() if values]
    reasons = charts.bars(stats.reasons, "candidates by reason (green: kept)")
    whole = [charts.stack(panels, columns=2)] if panels else []
    path.parent.mkdir(parents=True, exist_ok=True)
    charts.stack([*whole, reasons]).save(path)


def draw_sheet(folder: Path, path: Path, count: int = EXAMPLES) -> None:
    """Write a sheet of `count` examples, evenly spaced over the dataset, as a PNG."""
    from . import charts

    total = sum(1 for _ in read_pairs(folder, ["seed"]))
    wanted = {place * total // count for place in range(min(count, total))} if total >= count else set(range(total))
    examples = [
        charts.Example(row["original_image"], row["edited_image"], row["edit_prompt"])
        for place, row in enumerate(read_pairs(folder))
        if place in wanted
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    charts.sheet(examples).save(path)


def _decisions(folder: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    columns = [*SCORES, *DRAWN, "reason"]
    rows: list[dict[str, Any]] = pq.read_table(decisions_file(folder), columns=columns).to_pylist()
    return rows


def _finished(folder: Path, names: Sequence[str]) -> list[dict[str, Any]]:
    return [{**row, "reason": KEPT} for row in read_pairs(folder, list(names))]


def _quantile(values: Sequence[float], q: float) -> float:
    ranked = sorted(values)
    return ranked[round(q * (len(ranked) - 1))]
