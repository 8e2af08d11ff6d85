"""p-values by swapping and by shuffling, exact where all ways can be counted.

What is swapped or shuffled here are photos, of which only sums count. So there is no need to permute anything: the
sums have a distribution that is known, to be counted out or drawn from.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[Any]
Statistic = Callable[[Values], Values]  # of sums: (..., k) -> (...)
COUNTED = 2**18  # ways up to which all are counted out
FIRST = 9999  # draws where there are more
SURE = 4  # draws, the sample among them, as far out as the sample: with so many, a lone finding must still be one
ROUNDING = 1e-9


def resamples_for(tests: int, alpha: float) -> int:
    """How many draws the tests of a run with so many tests need.

    Benjamini-Hochberg calls a test that is the only one of n to find anything a finding at p <= alpha / n, and no
    p-value of r draws is less than 1 / (r + 1).
    """
    return max(FIRST, math.ceil(SURE * tests / alpha) - 1)


def by_swaps(sums: Values, counts: Sequence[int], statistic: Statistic, seed: int, resamples: int) -> float:
    """The p-value of a statistic of sums where every summand, 1 or -1, could as well have had the other sign.

    `sums[i]` is one of `counts[i]` summands: twice a binomial variable, less that number.
    """
    if math.prod(count + 1 for count in counts) <= COUNTED:
        from scipy.stats import binom

        ways = _grid([count + 1 for count in counts])
        shares = np.prod([binom.pmf(ways[:, i], count, 0.5) for i, count in enumerate(counts)], axis=0)
        return _counted(statistic(2 * ways - counts), shares, statistic(sums))
    drawn = np.random.default_rng(seed).binomial(counts, 0.5, (resamples, len(counts)))
    return _drawn(statistic(2 * drawn - counts), statistic(sums))


def by_shuffles(groups: Sequence[Values], statistic: Statistic, seed: int, resamples: int) -> float:
    """The p-value of a statistic of the groups' sums where each summand, 1, 0 or -1, could as well be in any group.

    How many of the ones and minus ones a group gets is hypergeometric, the groups being filled one after the other.
    """
    sample = statistic(np.array([group.sum() for group in groups]))
    sizes, every = [len(group) for group in groups], np.concatenate(groups)
    plus, minus = int((every > 0).sum()), int((every < 0).sum())
    zero = len(every) - plus - minus
    if len(groups) == 2 and (plus + 1) * (minus + 1) <= COUNTED:
        from scipy.stats import multivariate_hypergeom

        ups, downs = _grid([plus + 1, minus + 1]).T
        in_first = np.column_stack([ups, downs, sizes[0] - ups - downs])
        shares = multivariate_hypergeom.pmf(in_first, [plus, minus, zero], sizes[0])  # 0 for what cannot be
        first = ups - downs
        return _counted(statistic(np.column_stack([first, plus - minus - first])), shares, sample)
    rng, drawn = np.random.default_rng(seed), []
    left = [np.full(resamples, count) for count in (plus, minus, zero)]
    for size in sizes:
        ups = rng.hypergeometric(left[0], left[1] + left[2], size)
        downs = rng.hypergeometric(left[1], left[2], size - ups)
        left = [left[0] - ups, left[1] - downs, left[2] - (size - ups - downs)]
        drawn.append(ups - downs)
    return _drawn(statistic(np.column_stack(drawn)), sample)


def _grid(sizes: Sequence[int]) -> NDArray[np.int64]:
    """(ways, len(sizes)): all combinations of 0 … size - 1."""
    ways = np.zeros((math.prod(sizes), len(sizes)), np.int64)
    varying = [place for place, size in enumerate(sizes) if size > 1]  # numpy takes no more than 64 dimensions
    if varying:
        ways[:, varying] = np.indices([sizes[place] for place in varying]).reshape(len(varying), -1).T
    return ways


def _counted(values: Values, shares: Values, sample: Values) -> float:
    """How likely a value as far out as the sample's is."""
    return min(1.0, float(shares[values >= sample - ROUNDING].sum()))


def _drawn(values: Values, sample: Values) -> float:
    """The same, from draws; the sample is one more of them (Phipson & Smyth 2010), so that it is never 0."""
    return float(((values >= sample - ROUNDING).sum() + 1) / (len(values) + 1))
