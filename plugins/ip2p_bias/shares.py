"""Shares with Wilson's interval."""

from __future__ import annotations

from dataclasses import dataclass

from ip2p_bias.trial import Marks


@dataclass(frozen=True)
class Share:
    """count / of, with an interval; the share is None where there is nothing to count."""

    share: float | None
    low: float
    high: float
    count: int
    of: int


def share_of(marked: Marks, among: Marks, alpha: float) -> Share:
    """The share of the marked among others, with Wilson's (1 - alpha) interval."""
    from statsmodels.stats.proportion import proportion_confint

    count, total = int((marked & among).sum()), int(among.sum())
    if not total:
        return Share(None, 0.0, 1.0, 0, 0)
    low, high = proportion_confint(count, total, alpha=alpha, method="wilson")
    return Share(round(count / total, 6), round(max(0.0, float(low)), 6), round(min(1.0, float(high)), 6), count, total)
