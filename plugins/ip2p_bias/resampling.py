"""Intervals by drawing the photos anew (Efron's percentile bootstrap), all readings of a photo together."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ip2p_bias.trial import Codes, Marks
from ip2p_cli.api import UsageError

Weights = NDArray[np.float32]  # (1 + draws, n): how often each photo is drawn; the first row is the sample itself
Values = NDArray[np.float64]  # (1 + draws,)
DRAWS = 2000
TAIL = 10  # draws that an interval leaves out at either end, at least: of fewer its bounds are chance
AT_ONCE = 2**22  # values that are drawn at once
LEAST_PHOTOS = 5  # for an interval, and of a group to be compared with others, by test and by name alike


@dataclass(frozen=True)
class Span:
    """A value of the sample with its interval; None where nothing, or too little, could be counted."""

    value: float | None
    low: float | None
    high: float | None


def draws_for(alpha: float, asked: int | None) -> int:
    """How many draws to make: as many as are asked for, or enough.

    Raises:
        UsageError: they are too few for an interval of 1 - alpha.
    """
    least = math.ceil(2 * TAIL / alpha)
    if asked is not None and asked < least:
        raise UsageError(
            f"--bootstrap {asked} is too few for intervals of {1 - alpha:g}, whose ends lie between draws that hardly "
            f"ever come; give {least} or more, or a larger --alpha"
        )
    return max(DRAWS, least) if asked is None else asked


def draw_weights(photos: int, draws: int, seed: int) -> Weights:
    """`draws` bootstrap samples of the photos, below the sample itself."""
    rng = np.random.default_rng(seed)
    weights = np.ones((1 + draws, photos), np.float32)  # which counts exactly up to 2^24
    if photos:
        some = max(1, AT_ONCE // photos)
        for start in range(1, 1 + draws, some):
            rows = weights[start : start + some]
            rows[:] = rng.multinomial(photos, np.full(photos, 1 / photos), size=len(rows))
    return weights


def share(weights: Weights, marked: Marks, among: Marks) -> Values:
    """The share of marked photos among others; no number where there are none."""
    counts, total = (np.asarray(weights @ marks.astype(np.float32), np.float64) for marks in (marked & among, among))
    with np.errstate(invalid="ignore"):
        return np.asarray(counts / total, np.float64)


def distributions(weights: Weights, codes: Codes, size: int) -> NDArray[np.float64]:
    """(1 + draws, size): the share of each code."""
    counts = np.asarray(weights @ np.eye(size, dtype=np.float32)[codes], np.float64)
    return np.asarray(counts / np.maximum(counts.sum(-1, keepdims=True), 1), np.float64)


def distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> Values:
    """Jensen-Shannon distance of distributions (rows), to base 2: 0 for the same, 1 for no overlap."""
    from scipy.spatial.distance import jensenshannon

    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.asarray(jensenshannon(one, other, base=2, axis=-1), np.float64)
    return np.where((one == other).all(-1), 0.0, found)


def span(values: Values, alpha: float, photos: int) -> Span:
    """The sample's value and the (1 - alpha) interval of the draws; of fewer than five photos the value alone."""
    if not len(values) or not np.isfinite(values[0]):
        return Span(None, None, None)
    if photos < LEAST_PHOTOS:  # draws of so few are often all alike, and their interval a point
        return Span(round(float(values[0]), 6), None, None)
    drawn = values[1:][np.isfinite(values[1:])]
    low, high = np.quantile(drawn, [alpha / 2, 1 - alpha / 2]) if len(drawn) else (values[0], values[0])
    return Span(*(round(float(value), 6) for value in (values[0], low, high)))
