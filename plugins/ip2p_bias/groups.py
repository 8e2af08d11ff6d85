"""Do photos change more often where the attribute was one thing before than where it was another?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ip2p_bias.comparing import NOTHING, Compared
from ip2p_bias.resampling import LEAST_PHOTOS, Span, Values, Weights, share, span
from ip2p_bias.shares import Share, share_of
from ip2p_bias.swapping import FIRST, Statistic, by_shuffles, by_swaps
from ip2p_bias.trial import Trial

ROUNDING = 1e-9


@dataclass(frozen=True)
class Group:
    """Photos in which one attribute was perceived before."""

    attribute: str
    photos: int
    flips: Share  # among those known in photo, reference and edit
    reference_flips: Share  # of the same photos: the drift
    beyond: Span  # the first less the second
    erased: Share  # among all photos of the group


@dataclass(frozen=True)
class Gap:
    """The two groups that are furthest apart in what goes beyond the drift."""

    more: str
    less: str
    beyond: Span


def groups_of(trial: Trial, weights: Weights, alpha: float) -> list[Group]:
    """Every group that has photos."""
    found = []
    for code, attribute in enumerate(trial.attributes):
        here = trial.before == code
        if not here.any():
            continue
        among = here & trial.known
        found.append(
            Group(
                attribute,
                int(here.sum()),
                share_of(trial.flipped(trial.after), among, alpha),
                share_of(trial.flipped(trial.reference), among, alpha),
                span(_beyond(trial, weights, code), alpha, int(among.sum())),
                share_of(trial.erased(trial.after), here, alpha),
            )
        )
    return found


def gap_of(trial: Trial, weights: Weights, alpha: float) -> Gap | None:
    """The widest gap between groups of five photos or more; None where there are no two of them, or all are alike."""
    large = _large(trial)
    if len(large) < 2:
        return None
    beyond = {code: _beyond(trial, weights, code) for code in large}
    more, less = (choose(large, key=lambda code: beyond[code][0]) for choose in (max, min))
    if beyond[more][0] - beyond[less][0] < ROUNDING:
        return None
    return Gap(trial.attributes[more], trial.attributes[less], span(beyond[more] - beyond[less], alpha, LEAST_PHOTOS))


def gap_test(trial: Trial, seed: int, resamples: int = FIRST) -> Compared:
    """Whether flips beyond the drift are as frequent in all groups: the larger p-value of shuffles and of swaps.

    Of each photo known throughout: 1 if only the edit flipped it, -1 if only the reference did, else 0. Shuffling
    photos between the groups asks whether groups differ, but takes all photos to vary alike: where one group drifts and
    another does not it finds gaps that are none. Swapping edit and reference within photos holds for any drift, and
    asks whether the edit does anything of its own. Only what both find is a gap.
    """
    known = trial.known
    beyond = (trial.flipped(trial.after).astype(float) - trial.flipped(trial.reference))[known]
    groups = [beyond[trial.before[known] == code] for code in _large(trial)]
    if len(groups) < 2:
        return NOTHING
    photos, differing = sum(map(len, groups)), int(np.count_nonzero(np.concatenate(groups)))
    p = max(shuffled(groups, seed, resamples), swapped(groups, seed, resamples)) if differing else 1.0
    return Compared("shuffles and swaps", p, photos, differing)


def shuffled(groups: Sequence[Values], seed: int, resamples: int = FIRST) -> float:
    """The p-value of the spread between groups, by shuffling photos between them."""
    return by_shuffles(groups, _spread_of(groups), seed, resamples)


def swapped(groups: Sequence[Values], seed: int, resamples: int = FIRST) -> float:
    """The p-value of the same spread by swapping edit and reference within photos: each value changes its sign."""
    sums = np.array([group.sum() for group in groups])
    return by_swaps(sums, [int(np.count_nonzero(group)) for group in groups], _spread_of(groups), seed, resamples)


def _spread_of(groups: Sequence[Values]) -> Statistic:
    """The sum of squares between groups of these sizes, as in an analysis of variance, of their sums."""
    sizes = np.array([len(group) for group in groups])

    def spread(sums: Values) -> Values:
        return np.asarray((sums**2 / sizes).sum(-1) - sums.sum(-1) ** 2 / sizes.sum(), np.float64)

    return spread


def _large(trial: Trial) -> list[int]:
    """The groups that are large enough to be compared."""
    return [
        code for code in range(len(trial.attributes)) if np.sum((trial.before == code) & trial.known) >= LEAST_PHOTOS
    ]


def _beyond(trial: Trial, weights: Weights, code: int) -> Values:
    among = (trial.before == code) & trial.known
    return share(weights, trial.flipped(trial.after), among) - share(weights, trial.flipped(trial.reference), among)
