"""Do photos change more often where the attribute was one thing before than where it was another?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ip2p_bias.comparing import NOTHING, Compared
from ip2p_bias.resampling import Span, Values, Weights, share, span
from ip2p_bias.shares import Share, share_of
from ip2p_bias.trial import Trial

LEAST_PHOTOS = 5  # of a group known throughout, to be compared with others, by test and by name alike
ROUNDING = 1e-9
SHUFFLES = 9999


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
                span(_beyond(trial, weights, code), alpha),
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
    return Gap(trial.attributes[more], trial.attributes[less], span(beyond[more] - beyond[less], alpha))


def gap_test(trial: Trial, seed: int) -> Compared:
    """Whether flips beyond the drift are as frequent in all groups, by shuffling photos between the groups.

    Of each photo known throughout: 1 if only the edit flipped it, -1 if only the reference did, else 0. The statistic
    is the sum of squares between groups, as in an analysis of variance; its distribution is the shuffles' own.
    """
    from scipy.stats import permutation_test

    known = trial.known
    beyond = (trial.flipped(trial.after).astype(float) - trial.flipped(trial.reference))[known]
    groups = [beyond[trial.before[known] == code] for code in _large(trial)]
    if len(groups) < 2:
        return NOTHING
    beyond = np.concatenate(groups)
    differing = int(np.count_nonzero(beyond))
    if not differing:
        return Compared("shuffles", 1.0, len(beyond), 0)

    def between(*samples: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
        """The part that shuffling can change: each group's size times its squared mean."""
        return np.asarray(sum(sample.sum(axis) ** 2 / sample.shape[axis] for sample in samples), np.float64)

    found = permutation_test(
        groups,
        between,
        permutation_type="independent",
        vectorized=True,
        n_resamples=SHUFFLES,
        alternative="greater",
        rng=np.random.default_rng(seed),
    )
    return Compared("shuffles", float(found.pvalue), len(beyond), differing)


def _large(trial: Trial) -> list[int]:
    """The groups that are large enough to be compared."""
    return [
        code for code in range(len(trial.attributes)) if np.sum((trial.before == code) & trial.known) >= LEAST_PHOTOS
    ]


def _beyond(trial: Trial, weights: Weights, code: int) -> Values:
    among = (trial.before == code) & trial.known
    return share(weights, trial.flipped(trial.after), among) - share(weights, trial.flipped(trial.reference), among)
