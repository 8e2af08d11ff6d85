"""Judgements of local edits -> shares with Wilson 95% intervals, and a table of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ip2p_eval.intervals import wilson
from ip2p_eval.local.cases import KINDS
from ip2p_eval.local.suite import Judged
from ip2p_eval.measured import Table

_TESTS: dict[str, Callable[[Judged], bool]] = {
    "confined": lambda judged: judged.verdict.confined,
    "there": lambda judged: judged.verdict.there,
    "both": lambda judged: judged.both,
}


def aggregate(judged: Sequence[Judged]) -> dict[str, Any]:
    """Figures of a run, ready for JSON: over all edits, by kind, by family and by wording."""
    families = list(dict.fromkeys(each.ask.family for each in judged))
    wordings = sorted({each.instruction for each in judged})
    return {
        "edits": len(judged),
        "failed": sum(each.after is None for each in judged),
        "overall": _block(judged),
        "kinds": {kind: _block(group) for kind in KINDS if (group := [j for j in judged if j.ask.kind == kind])},
        "families": {family: _block([j for j in judged if j.ask.family == family]) for family in families},
        "wordings": {text: _block([j for j in judged if j.instruction == text]) for text in wordings},
    }


def local_table(figures: Mapping[str, Any]) -> Table:
    """Percentages: a family a line, then the kinds, then all."""
    groups = {**figures["families"], **figures["kinds"], "all": figures["overall"]}
    rows = tuple(
        (name, *(f"{100 * block[key]['share']:.0f}" for key in _TESTS), str(block["both"]["of"]))
        for name, block in groups.items()
    )
    there = figures["overall"]["there"]
    note = f"there, 95% interval: {100 * there['low']:.1f} to {100 * there['high']:.1f}"
    return Table(f"local edits, %: {figures['model']}", ("family", *_TESTS, "edits"), rows, (note,))


def _block(judged: Sequence[Judged]) -> dict[str, Any]:
    return {name: _share(sum(map(test, judged)), len(judged)) for name, test in _TESTS.items()}


def _share(passed: int, total: int) -> dict[str, Any]:
    low, high = wilson(passed, total)
    return {
        "share": round(passed / max(total, 1), 4),
        "low": round(low, 4),
        "high": round(high, 4),
        "passed": passed,
        "of": total,
    }
