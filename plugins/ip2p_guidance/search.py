"""Which guidance to try next: a search along one line of ever stronger settings.

A position p stands for two scales, s_T and s_I of InstructPix2Pix (arXiv 2211.09800, equation 3); 0 is where the first
try was. Forward, first s_I falls to where the photo no longer holds the edit back, then s_T grows; backward, first s_I
grows a little, then s_T falls, though never to where the words have no say: a copy is no gentle edit. (Much s_I makes
colours and contrasts shout, which is a change, too, but not the one that was asked for.)

    p    −2       −½         0          1       2
    s_T  floor    first      first      first   top
    s_I  high     high       first      low     low

Between these, s_I and the logarithm of s_T go straight. The distance grows along the line but for noise, so that a
band is found by false position between the nearest tries on both sides, and by a guess of the slope where all are on
one.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

FARTHEST = 2.0
KEEPING = 0.2  # what s_I grows by: without words a model would change something, too, and so it hardly does
TOP = 15.0  # s_T beyond which pictures break, unless the first is so large that it has to grow further
NEAR = 1e-6  # positions are solved for from scales, and so are exact to rounding only
USUAL_SLOPE = 0.15  # of the distance along the line, before anything is known: flat near 0, steep farther on
LEAST_SLOPE = 0.08  # steps along a line that hardly rises would go on for ever
LEAST_STEP, FIRST_STEP = 0.25, 1.5  # of a first step the slope is but a guess
SLACK = 0.15  # of a bracket that a step stays clear of at both ends: curves bend
STEEP = 2.5  # bands between a bracket's distances, from which on straight lines tell little

Tried = tuple[float, float]  # position, distance


@dataclass(frozen=True)
class Line:
    """The line through a first try's scales."""

    text: float  # s_T
    image: float  # s_I

    @property
    def floor(self) -> float:
        """The least s_T of the line."""
        return max(0.1, self.text / 20)

    @property
    def ends(self) -> tuple[float, float]:
        """The positions between which it can be searched: from words with next to no say, it only goes forward."""
        return self._knots[0][0], FARTHEST

    def at(self, position: float) -> tuple[float, float]:
        """(s_T, s_I) of a position; beyond an end, those of the end."""
        if position == 0:
            return self.text, self.image
        positions, logs, images = zip(*self._knots, strict=True)
        return math.exp(np.interp(position, positions, logs)), float(np.interp(position, positions, images))

    def position_of(self, text: float, image: float) -> float:
        """`at` turned round: by s_T where that has moved, or else by s_I. Scales beside the line are taken to it."""
        start, log = math.log(self._start), math.log(max(text, NEAR))
        if abs(log - start) > NEAR:
            positions, logs, _ = zip(*self._knots, strict=True)
            return float(np.interp(log, logs, positions))
        positions, _, images = zip(*(knot for knot in self._knots if knot[1] == start), strict=True)
        return float(np.interp(-image, [-each for each in images], positions))

    @property
    def _start(self) -> float:
        """s_T before it moves: the first try's, from where a share of it can be taken."""
        return max(self.text, self.floor)

    @cached_property
    def _knots(self) -> list[tuple[float, float, float]]:
        """Position, logarithm of s_T and s_I, where the line bends.

        Where s_I cannot fall, s_T has all of the way forward: no stretch of it is dead.
        """
        start, floor, top = (math.log(scale) for scale in (self._start, self.floor, max(TOP, 2.5 * self.text)))
        low, high = min(1.0, self.image), self.image + KEEPING
        backward = [(-FARTHEST, floor, high), (-0.5, start, high)] if floor < start else []
        forward = [(1.0, start, low)] if low < self.image else []
        return [*backward, (0.0, start, self.image), *forward, (FARTHEST, top, low)]


def next_position(
    tried: Sequence[Tried], low: float, high: float, ends: tuple[float, float] = (-FARTHEST, FARTHEST)
) -> float | None:
    """Where to go on from (position, distance) of all tries so far, the last of which does not lie in [low, high].

    None: there is nowhere left to go.
    """
    outside = [one for one in sorted(tried) if not low <= one[1] <= high]
    bracket = _bracket(outside, low)
    if bracket is not None:
        return _between(*bracket, low, high, len(tried))
    forward = outside[0][1] < low
    outward = sorted(tried, reverse=not forward)
    return _onward(outward, (low + high) / 2, ends[1] if forward else ends[0])


def _bracket(outside: Sequence[Tried], low: float) -> tuple[Tried, Tried] | None:
    """Two neighbours on both sides of the band; where there are several such pairs, one that rises."""
    pairs = [(a, b) for a, b in itertools.pairwise(outside) if (a[1] < low) != (b[1] < low)]
    return min(pairs, key=lambda pair: pair[0][1] > pair[1][1], default=None)


def _between(a: Tried, b: Tried, low: float, high: float, tries: int) -> float:
    """False position, kept clear of both ends; the middle where the curve falls, is steep or is saturated."""
    if a[1] > b[1] or (tries >= 3 and b[1] - a[1] > STEEP * (high - low)):
        return (a[0] + b[0]) / 2
    share = ((low + high) / 2 - a[1]) / (b[1] - a[1])
    return a[0] + min(max(share, SLACK), 1 - SLACK) * (b[0] - a[0])


def _onward(outward: Sequence[Tried], target: float, end: float) -> float | None:
    """A step from the outermost try, the last of these, toward an end of the line: as far as the slope there says."""
    here = outward[-1]
    room = abs(end - here[0])
    if room < NEAR:
        return None
    step = abs(target - here[1]) / _slope(outward[-2:])
    step = min(max(step, LEAST_STEP), FIRST_STEP if len(outward) == 1 else FARTHEST, room)
    return here[0] + math.copysign(step, end - here[0])


def _slope(last_two: Sequence[Tried]) -> float:
    (one, near), (other, far) = last_two[0], last_two[-1]
    apart = abs(other - one)
    return max(abs(far - near) / apart, LEAST_SLOPE) if apart > NEAR else USUAL_SLOPE
