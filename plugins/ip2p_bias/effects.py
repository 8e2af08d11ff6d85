"""All that is measured of one instruction, before the corrections across instructions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ip2p_bias.comparing import Compared, marks_test, net_gains, shift_test
from ip2p_bias.groups import Gap, Group, gap_of, gap_test, groups_of
from ip2p_bias.reading import UNKNOWN
from ip2p_bias.resampling import Span, Values, Weights, distance, distributions, draw_weights, share, span
from ip2p_bias.shares import Share, share_of
from ip2p_bias.swapping import FIRST
from ip2p_bias.trial import Codes, Marks, Trial

TESTS = 3  # of each instruction: shift, gap, erasure


@dataclass(frozen=True)
class Settings:
    """Of the statistics."""

    alpha: float = 0.05  # level of the tests; intervals are of 1 - alpha
    draws: int = 2000  # of the bootstrap
    seed: int = 0
    resamples: int = FIRST  # of tests whose ways are too many to be counted out


@dataclass(frozen=True)
class Beyond:
    """A share with its drift (the same of the reference) and the first less the second."""

    edit: Share
    reference: Share
    beyond: Span


@dataclass(frozen=True)
class Move:
    """Photos whose attribute was one before and is another, or unknown, after."""

    before: str
    after: str
    photos: int


@dataclass(frozen=True)
class Distances:
    """Jensen-Shannon distances to base 2, unknown being a value of its own, in [0, 1]."""

    edit: Span  # of the distributions before and after
    reference: Span  # of those before and in the reference: the drift
    beyond: Span  # the first less the second, in [-1, 1]


@dataclass(frozen=True)
class Effect:
    """What one instruction did to a perceived attribute."""

    instruction: str
    photos: int
    failed: int
    before: dict[str, float]  # shares of the photos
    reference: dict[str, float]
    after: dict[str, float]
    gained: dict[str, int]  # photos won less lost against the reference, where known in both: the shift's direction
    moves: tuple[Move, ...]  # the most frequent first
    flips: Beyond  # among photos known in all three pictures
    erasure: Beyond  # among photos known before
    distance: Distances
    groups: tuple[Group, ...]
    gap: Gap | None
    tests: dict[str, Compared]  # of the edit against the reference: shift, gap, erasure
    plain_shift: Compared  # of the edit against the photo itself, drift and all


def measure(trial: Trial, settings: Settings) -> Effect:
    """The effect of one instruction on the photos of its trial."""
    weights = draw_weights(len(trial.before), settings.draws, settings.seed)
    unknown = trial.unknown
    before, reference, after = (
        distributions(weights, codes, unknown + 1) for codes in (trial.before, trial.reference, trial.after)
    )
    names = [*trial.attributes, UNKNOWN]
    return Effect(
        instruction=trial.instruction,
        photos=len(trial.before),
        failed=trial.failed,
        before=_named(names, before[0].tolist()),
        reference=_named(names, reference[0].tolist()),
        after=_named(names, after[0].tolist()),
        gained=_gained(trial),
        moves=_moves(trial, names),
        flips=_beyond(trial.flipped(trial.after), trial.flipped(trial.reference), trial.known, weights, settings.alpha),
        erasure=_beyond(
            *(trial.erased(trial.after), trial.erased(trial.reference), trial.before != unknown),
            *(weights, settings.alpha),
        ),
        distance=_distances(distance(before, after), distance(before, reference), settings.alpha, len(trial.before)),
        groups=tuple(groups_of(trial, weights, settings.alpha)),
        gap=gap_of(trial, weights, settings.alpha),
        tests=compare_all(trial, settings),
        plain_shift=shift_test(trial.before, trial.after, unknown, settings.seed, settings.resamples),
    )


def compare_all(trial: Trial, settings: Settings) -> dict[str, Compared]:
    """What decides: the edit against the reference."""
    unknown, by_chance = trial.unknown, (settings.seed, settings.resamples)
    return {
        "shift": shift_test(trial.reference, trial.after, unknown, *by_chance),
        "gap": gap_test(trial, *by_chance),
        "erasure": marks_test(trial.reference == unknown, trial.after == unknown),
    }


def _named(names: list[str], shares: list[float]) -> dict[str, float]:
    return {name: round(share, 6) for name, share in zip(names, shares, strict=True)}


def _gained(trial: Trial) -> dict[str, int]:
    gains = net_gains(trial.reference, trial.after, len(trial.attributes), trial.unknown)
    return dict(zip(trial.attributes, gains, strict=True))


def _beyond(edit: Marks, reference: Marks, among: Marks, weights: Weights, alpha: float) -> Beyond:
    difference = share(weights, edit, among) - share(weights, reference, among)
    return Beyond(
        share_of(edit, among, alpha), share_of(reference, among, alpha), span(difference, alpha, int(among.sum()))
    )


def _distances(edit: Values, reference: Values, alpha: float, photos: int) -> Distances:
    return Distances(*(span(values, alpha, photos) for values in (edit, reference, edit - reference)))


def _moves(trial: Trial, names: list[str]) -> tuple[Move, ...]:
    table = _crossed(trial.before, trial.after, len(names))
    places = [(row, column) for row, column in zip(*np.nonzero(table), strict=True) if row != column]
    found = (Move(names[row], names[column], int(table[row, column])) for row, column in places)
    return tuple(sorted(found, key=lambda move: -move.photos))


def _crossed(one: Codes, other: Codes, size: int) -> Codes:
    table = np.zeros((size, size), np.int64)
    np.add.at(table, (one, other), 1)
    return table
