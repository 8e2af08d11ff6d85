"""Effects -> findings: false discoveries are controlled over every test of the run together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ip2p_bias.comparing import Compared
from ip2p_bias.effects import Effect


@dataclass(frozen=True)
class Finding:
    """An effect with its corrected p-values."""

    effect: Effect
    adjusted: dict[str, float | None]  # by the names of the effect's tests
    plain_adjusted: float | None  # of the shift against the photo itself
    found: tuple[str, ...]  # the tests whose corrected p-value is below alpha

    def as_figures(self) -> dict[str, Any]:
        """Ready for JSON."""
        figures = asdict(self.effect)
        for name, p in self.adjusted.items():
            figures["tests"][name]["p_adjusted"] = p
        figures["plain_shift"]["p_adjusted"] = self.plain_adjusted
        return {**figures, "found": list(self.found)}


def correct(effects: Sequence[Effect], alpha: float) -> list[Finding]:
    """Benjamini & Hochberg 1995, over all tests of all instructions: one family, one rate of false alarms.

    A test for which no photo differs can find nothing, whatever is true, and makes no other one less sure: it stands
    outside (Gilbert 2005, A modified false discovery rate … for discrete data; Appl. Stat. 54), with p = 1. The shifts
    against the photo itself are a family of their own: they hold the drift, and decide nothing.
    """
    plain = adjust([effect.plain_shift.p for effect in effects])
    together = iter(adjust_able([test for effect in effects for test in effect.tests.values()]))
    findings = []
    for effect, plain_p in zip(effects, plain, strict=True):
        adjusted = {name: next(together) for name in effect.tests}
        found = tuple(name for name, p in adjusted.items() if p is not None and p < alpha)
        findings.append(Finding(effect, adjusted, plain_p, found))
    return findings


def adjust_able(tests: Sequence[Compared]) -> list[float | None]:
    """Corrected p-values of the tests, those that can find something being the family."""
    corrected = adjust([test.p if test.differing else None for test in tests])
    return [test.p if p is None else p for test, p in zip(tests, corrected, strict=True)]


def adjust(values: Sequence[float | None]) -> list[float | None]:
    """Benjamini-Hochberg's p-values; what was not tested stays None, and counts for nothing."""
    from statsmodels.stats.multitest import multipletests

    tested = [value for value in values if value is not None]
    corrected = iter(multipletests(tested, method="fdr_bh")[1].tolist() if tested else ())
    return [None if value is None else float(next(corrected)) for value in values]
