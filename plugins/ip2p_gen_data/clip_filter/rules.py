"""Which candidates are kept: the paper's thresholds, then the best few of each caption pair (section 3.1.2)."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ip2p_cli.api import UsageError

KEPT = "kept"
NOT_FINITE = "not finite"  # no picture, or no score: fails closed
SCORES = ("clip_sim_0", "clip_sim_1", "clip_sim_dir", "clip_sim_image")


@dataclass(frozen=True)
class Threshold:
    """A least score, or, as a quantile, the share of all candidates that fall below it."""

    value: float
    quantile: bool = False

    @classmethod
    def parse(cls, text: str) -> Threshold:
        """`0.2` is a score, `q0.3` turns away the lowest 30 %.

        Raises:
            UsageError: it is neither.
        """
        quantile = text[:1] in ("q", "Q")
        try:
            value = float(text[1:] if quantile else text)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and (0 <= value <= 1 or not quantile)):
            raise UsageError(f"threshold {text!r} is neither a score nor a quantile; write 0.2, or q0.3")
        return cls(value, quantile)

    def __str__(self) -> str:
        return f"{'q' if self.quantile else ''}{self.value:g}"


@dataclass(frozen=True)
class Rules:
    """The paper's numbers. They belong to ViT-L/14: other models want quantiles."""

    image: Threshold = Threshold(0.7)  # least similarity of the two pictures
    direction: Threshold = Threshold(0.2)  # of the change of picture and the change of caption
    caption: Threshold = Threshold(0.2)  # of each picture and its caption
    best: int = 4  # of each caption pair, by direction

    def __post_init__(self) -> None:
        if self.best < 1:
            raise UsageError(f"--best {self.best} keeps nothing; give 1 or more")


@dataclass(frozen=True)
class Scored:
    """The scores of one candidate, each in [-1, 1]."""

    row: int  # of its caption pair
    sample: int
    clip_sim_0: float  # picture and caption
    clip_sim_1: float  # edited picture and edited caption
    clip_sim_dir: float
    clip_sim_image: float

    @property
    def finite(self) -> bool:
        """Whether all scores are there."""
        return all(math.isfinite(getattr(self, name)) for name in SCORES)


def decide(candidates: Sequence[Scored], rules: Rules) -> list[str]:
    """For each candidate `kept`, or why it is not: the first of the rules that it does not meet."""
    finite = [one for one in candidates if one.finite]
    tests = [
        (name, _least([getattr(one, name) for one in finite], threshold))
        for name, threshold in (
            ("clip_sim_image", rules.image),
            ("clip_sim_dir", rules.direction),
            ("clip_sim_0", rules.caption),
            ("clip_sim_1", rules.caption),
        )
    ]
    reasons = [_reason(one, tests) for one in candidates]
    for place in _beyond_best(candidates, reasons, rules.best):
        reasons[place] = f"not among the best {rules.best}"
    return reasons


def _least(scores: Sequence[float], threshold: Threshold) -> float:
    """The score that a threshold stands for; a quantile falls on one of the scores (no interpolation)."""
    if not threshold.quantile:
        return threshold.value
    if not scores:
        return -math.inf
    ranked = sorted(scores)
    return ranked[min(int(threshold.value * len(ranked)), len(ranked) - 1)]


def _reason(one: Scored, tests: Sequence[tuple[str, float]]) -> str:
    if not one.finite:
        return NOT_FINITE
    return next((f"{name} too low" for name, least in tests if getattr(one, name) < least), KEPT)


def _beyond_best(candidates: Sequence[Scored], reasons: Sequence[str], best: int) -> list[int]:
    """Places of what passed but is not among its caption pair's best; the earlier sample wins a tie."""
    passed: dict[int, list[int]] = defaultdict(list)
    for place, (one, reason) in enumerate(zip(candidates, reasons, strict=True)):
        if reason == KEPT:
            passed[one.row].append(place)
    ranked = (
        sorted(places, key=lambda place: (-candidates[place].clip_sim_dir, candidates[place].sample))
        for places in passed.values()
    )
    return [place for places in ranked for place in places[best:]]
