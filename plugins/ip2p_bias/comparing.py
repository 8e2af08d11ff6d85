"""Tests for paired categories: do two readings of the same photos have the same distribution?"""

from __future__ import annotations

import itertools
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from ip2p_bias.swapping import FIRST, Values, by_swaps
from ip2p_bias.trial import Codes, Marks

LEAST_FOR_CHI2 = 25  # photos that differ, below which the chi-squared approximation is not relied on


@dataclass(frozen=True)
class Compared:
    """A test's outcome. `p` is None where there was nothing to compare."""

    method: str
    p: float | None
    photos: int  # compared
    differing: int  # of them, that differ between the two: they alone decide
    statistic: float | None = None
    df: int | None = None


NOTHING = Compared("nothing to compare", None, 0, 0)


def shift_test(one: Codes, other: Codes, unknown: int, seed: int, resamples: int = FIRST) -> Compared:
    """Whether attributes are as frequent in `other` as in `one`, over photos known in both.

    Two attributes: McNemar's exact test. More: Stuart-Maxwell (Stuart 1955, Maxwell 1970) by chi-squared; where fewer
    than 25 photos differ, or its covariance cannot be inverted, the same question by swapping the two readings of a
    photo at random, of which the exact McNemar test is the case of two attributes.
    """
    known = (one != unknown) & (other != unknown)
    photos = int(known.sum())
    if not photos:
        return NOTHING
    differ = known & (one != other)
    differing = int(differ.sum())
    involved = np.unique(np.concatenate([one[differ], other[differ]]))
    if len(involved) <= 2:
        first = one[differ] == (involved[0] if len(involved) else 0)
        return _mcnemar(int(first.sum()), int((~first).sum()), photos)
    if differing >= LEAST_FOR_CHI2:
        found = _stuart_maxwell(one[known], other[known], involved)
        if np.isfinite(found.statistic):
            return Compared(
                *("Stuart-Maxwell", float(found.pvalue), photos, differing, float(found.statistic), int(found.df))
            )
    return Compared("swaps", _swaps(one[differ], other[differ], involved, seed, resamples), photos, differing)


def net_gains(one: Codes, other: Codes, size: int, unknown: int) -> list[int]:
    """Photos that each code has won less those it has lost, of those that `shift_test` compares: its direction."""
    known = (one != unknown) & (other != unknown)
    counts = [np.bincount(codes[known], minlength=size) for codes in (other, one)]
    return [int(gain) for gain in counts[0] - counts[1]]


def marks_test(one: Marks, other: Marks) -> Compared:
    """Whether a mark is as frequent in `other` as in `one`: McNemar's exact test over all photos."""
    return _mcnemar(int((one & ~other).sum()), int((other & ~one).sum()), len(one)) if len(one) else NOTHING


def _mcnemar(there: int, back: int, photos: int) -> Compared:
    """Photos that went one way and the other."""
    from statsmodels.stats.contingency_tables import mcnemar

    found = mcnemar(np.array([[0, there], [back, 0]]), exact=True)
    return Compared("exact McNemar", float(found.pvalue), photos, there + back, float(found.statistic))


def _stuart_maxwell(one: Codes, other: Codes, involved: Codes) -> Any:
    """Over the attributes that any photo came from or went to: the others change nothing and make it singular."""
    from statsmodels.stats.contingency_tables import SquareTable

    table = np.array([[np.sum((one == row) & (other == column)) for column in involved] for row in involved])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a singular covariance: said by a statistic that is no number
        return SquareTable(table, shift_zeros=False).homogeneity(method="stuart_maxwell")


def _swaps(one: Codes, other: Codes, involved: Codes, seed: int, resamples: int) -> float:
    """Of photos that all differ. Each pair of attributes has its photos, of which each may have gone either way."""
    pairs = list(itertools.combinations(range(len(involved)), 2))
    gone = [(one == involved[a]) & (other == involved[b]) for a, b in pairs]
    back = [(one == involved[b]) & (other == involved[a]) for a, b in pairs]
    counts = [int(there.sum() + again.sum()) for there, again in zip(gone, back, strict=True)]
    sums = np.array([int(there.sum()) - int(again.sum()) for there, again in zip(gone, back, strict=True)])
    won = np.zeros((len(pairs), len(involved)))  # what each attribute wins by one photo that goes that way
    for row, (a, b) in enumerate(pairs):
        won[row, a], won[row, b] = -1, 1
    photos = np.abs(won).T @ counts  # that could have changed each attribute's frequency

    def spread(sums: Values) -> Values:
        """Net changes of each attribute, squared, over the photos that could have made them."""
        return np.asarray(((sums @ won) ** 2 / photos).sum(-1), np.float64)

    return by_swaps(sums, counts, spread, seed, resamples)
