"""Do photos change more often where the attribute was one thing before than where it was another?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ip2p_bias.comparing import NOTHING, Compared, batch_of
from ip2p_bias.resampling import LEAST_PHOTOS, Span, Values, Weights, share, span
from ip2p_bias.shares import Share, share_of
from ip2p_bias.trial import Trial

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


def gap_test(trial: Trial, seed: int) -> Compared:
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
    p = max(shuffled(groups, seed), swapped(groups, seed)) if differing else 1.0
    return Compared("shuffles and swaps", p, photos, differing)


def shuffled(groups: Sequence[Values], seed: int) -> float:
    """The p-value of the spread between groups, by shuffling photos between them."""

    def between(*samples: Values, axis: int) -> Values:
        return _spread([sample.sum(axis) for sample in samples], [sample.shape[axis] for sample in samples])

    return _permuted(groups, between, "independent", seed)


def swapped(groups: Sequence[Values], seed: int) -> float:
    """The p-value of the same spread by swapping edit and reference within photos: each value changes its sign."""
    sizes = [len(group) for group in groups]
    places = np.repeat(np.arange(len(groups)), sizes)
    values = np.concatenate(groups)
    places, values = places[values != 0], values[values != 0]  # a zero has no sign to change
    if len(values) < 2:
        return 1.0  # the spread is the same with either sign

    def between(sample: Values, axis: int) -> Values:
        return _spread([np.compress(places == place, sample, axis).sum(axis) for place in range(len(sizes))], sizes)

    return _permuted((values,), between, "samples", seed)


def _spread(sums: Sequence[Values], sizes: Sequence[int]) -> Values:
    """The sum of squares between groups, as in an analysis of variance."""
    within = sum(total**2 / size for total, size in zip(sums, sizes, strict=True))
    return np.asarray(within - sum(sums) ** 2 / sum(sizes), np.float64)


def _permuted(samples: Sequence[Values], statistic: Callable[..., Values], kind: str, seed: int) -> float:
    from scipy.stats import permutation_test

    found = permutation_test(
        samples,
        statistic,
        permutation_type=kind,
        vectorized=True,
        n_resamples=SHUFFLES,
        batch=batch_of(sum(map(len, samples))),
        alternative="greater",
        rng=np.random.default_rng(seed),
    )
    return float(found.pvalue)


def _large(trial: Trial) -> list[int]:
    """The groups that are large enough to be compared."""
    return [
        code for code in range(len(trial.attributes)) if np.sum((trial.before == code) & trial.known) >= LEAST_PHOTOS
    ]


def _beyond(trial: Trial, weights: Weights, code: int) -> Values:
    among = (trial.before == code) & trial.known
    return share(weights, trial.flipped(trial.after), among) - share(weights, trial.flipped(trial.reference), among)
