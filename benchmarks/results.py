"""What a benchmark gives: figures with spreads and goals."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.measuring import Spread

UNITS = ("times", "share", "photos/s", "s", "ms", "MiB", "difference")
_SIGNS = {">=": operator.ge, "<=": operator.le}


@dataclass(frozen=True)
class Goal:
    """What a median is to reach."""

    sign: str  # >= or <=
    value: float

    @classmethod
    def parse(cls, text: str) -> Goal:
        """`>= 2` or `<= 4.05`.

        Raises:
            ValueError: it is neither.
        """
        sign, _, value = text.partition(" ")
        if sign not in _SIGNS:
            raise ValueError(f"{text!r} is no goal; write >= or <=, and a number")
        return cls(sign, float(value))

    def __str__(self) -> str:
        return f"{self.sign} {self.value:g}"

    def is_met(self, spread: Spread) -> bool:
        """By the median."""
        return bool(_SIGNS[self.sign](spread.median, self.value))


@dataclass(frozen=True)
class Figure:
    """One figure. Of a ratio, the name says what over what."""

    name: str
    unit: str  # one of UNITS
    spread: Spread
    goal: Goal | None = None

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise ValueError(f"the unit {self.unit!r} of {self.name!r} is none of {', '.join(UNITS)}")


@dataclass(frozen=True)
class Result:
    """What one case gave."""

    figures: Sequence[Figure]
    rounds: Mapping[str, Sequence[float]]  # of each side, what was measured in each round


def figure(name: str, unit: str, values: Sequence[float], goal: str | None = None) -> Figure:
    """A figure of what each round gave."""
    return Figure(name, unit, Spread.over(values), None if goal is None else Goal.parse(goal))
