"""Judgements -> figures: shares with Wilson 95% intervals, per family and overall."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ip2p_eval.intervals import share
from ip2p_eval.looks.overlaps import listed
from ip2p_eval.looks.suite import Judgement


def _count(judgements: Sequence[Judgement], test: Callable[[Judgement], bool]) -> dict[str, Any]:
    return share(sum(test(j) for j in judgements), len(judgements))


def _block(judgements: Sequence[Judgement]) -> dict[str, Any]:
    crossed = [passes for j in judgements if not j.failed for passes in j.others.values()]
    return {
        "followed": _count(judgements, lambda j: j.followed),
        "preserved": _count(judgements, lambda j: j.preserved),
        "both": _count(judgements, lambda j: j.followed and j.preserved),
        "cross": share(sum(crossed), len(crossed)),
        "copy": _count(judgements, lambda j: j.copy_followed),
        "blur": _count(judgements, lambda j: j.blur_followed),
        "failed": sum(j.failed for j in judgements),
        "layout_mean": round(sum(j.layout for j in judgements) / max(len(judgements), 1), 4),
    }


def _mistaken_for(judgements: Sequence[Judgement]) -> dict[str, float]:
    """Other families whose predicate passes on more than one in ten of the outputs."""
    shares = {f: sum(j.others[f] for j in judgements) / len(judgements) for f in judgements[0].others}
    return {f: round(s, 3) for f, s in sorted(shares.items(), key=lambda item: -item[1]) if s > 0.1}


def _by_wording(judgements: Sequence[Judgement]) -> dict[str, dict[str, Any]]:
    groups: dict[str, list[Judgement]] = defaultdict(list)
    for judgement in judgements:
        groups[judgement.case.instruction].append(judgement)
    return {text: _count(group, lambda j: j.followed) for text, group in sorted(groups.items())}


def aggregate(judgements: Iterable[Judgement]) -> dict[str, Any]:
    """Figures of a run, ready for JSON.

    `overall` counts every edit once; `family_mean` is the plain mean of the families' shares.
    """
    every = list(judgements)
    groups: dict[str, list[Judgement]] = defaultdict(list)
    for judgement in every:
        groups[judgement.case.family].append(judgement)
    families = {
        family: {**_block(group), "mistaken_for": _mistaken_for(group), "wordings": _by_wording(group)}
        for family, group in groups.items()
    }
    means = {
        key: round(sum(block[key]["share"] or 0.0 for block in families.values()) / max(len(families), 1), 4)
        for key in ("followed", "preserved", "both", "cross", "copy", "blur")
    }
    return {
        "edits": len(every),
        "overall": _block(every),
        "family_mean": means,
        "families": families,
        "left_out": [{"pair": [one, other], "reason": reason} for one, other, reason in listed()],
    }
