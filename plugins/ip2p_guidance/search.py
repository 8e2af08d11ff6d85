"""Which guidance to try next: a search along one line of ever stronger settings.

A position p stands for two scales, s_T and s_I of InstructPix2Pix (arXiv 2211.09800, equation 3); 0 is where the first
try was. Forward, first s_I falls to where the photo no longer holds the edit back, then s_T grows; backward, first s_I
grows, then s_T falls, though never to where the words have no say: a copy is no gentle edit.

    p    −2       −1         0          1       2
    s_T  floor    first      first      first   top
    s_I  high     high       first      low     low

The distance grows along the line but for noise, so that a band is found by false position between the nearest tries on
both sides, and by a guess of the slope where all are on one.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

FARTHEST = 2.0
NEAR = 1e-6  # positions are solved for from scales, and so are exact to rounding only
USUAL_SLOPE = 0.25  # of the distance along the line, before anything is known
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
        return max(0.2, self.text / 12)

    @property
    def ends(self) -> tuple[float, float]:
        """The positions between which it can be searched: from words with next to no say, it only goes forward."""
        return (-FARTHEST if self.text > self.floor else 0.0), FARTHEST

    def at(self, position: float) -> tuple[float, float]:
        """(s_T, s_I) of a position between the ends."""
        forward, away = position > 0, abs(position)
        if away == 0:
            return self.text, self.image
        for_image, for_text = min(away, 1.0), min(max(away - 1.0, 0.0), 1.0)
        if forward and not self._image_has_room:
            for_text = min(away / FARTHEST, 1.0)
        start = self._start
        text = start * (self._text_end(forward) / start) ** for_text
        return text, self.image + for_image * (self._image_end(forward) - self.image)

    def position_of(self, text: float, image: float) -> float:
        """`at` turned round: by s_T where that has moved, or else by s_I. Scales beside the line are taken to it."""
        start, low, high = self._start, *self.ends
        if text > 0 and abs(math.log(text / start)) > NEAR:
            forward = text > start
            share = math.log(text / start) / math.log(self._text_end(forward) / start)
            away = FARTHEST * share if forward and not self._image_has_room else 1.0 + share
        else:
            forward = image < self.image
            whole = self._image_end(forward) - self.image
            away = (image - self.image) / whole if whole else 0.0
        return min(max(away if forward else -away, low), high)

    @property
    def _start(self) -> float:
        """s_T before it moves: the first try's, from where a share of it can be taken."""
        return max(self.text, self.floor)

    @property
    def _image_has_room(self) -> bool:
        """Whether s_I can fall; where it cannot, s_T has all of the way forward: no stretch of it is dead."""
        return self._image_end(True) < self.image

    def _image_end(self, forward: bool) -> float:
        return min(1.0, self.image) if forward else max(2.0, self.image + 0.8)

    def _text_end(self, forward: bool) -> float:
        return max(2.0, 2.5 * self.text) if forward else self.floor


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
    return _onward(sorted(tried), (low + high) / 2, outside[0][1] < low, ends)


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


def _onward(ordered: Sequence[Tried], target: float, forward: bool, ends: tuple[float, float]) -> float | None:
    """A step beyond the outermost try, as far as the slope there says."""
    here, end = (ordered[-1], ends[1]) if forward else (ordered[0], ends[0])
    if abs(here[0] - end) < NEAR:
        return None
    step = abs(target - here[1]) / _slope(here, ordered[-2:] if forward else ordered[:2])
    step = min(max(step, LEAST_STEP), FIRST_STEP if len(ordered) == 1 else FARTHEST)
    return min(max(here[0] + (step if forward else -step), ends[0]), ends[1])


def _slope(here: Tried, last_two: Sequence[Tried]) -> float:
    other = last_two[0] if last_two[-1] == here else last_two[-1]
    apart = abs(here[0] - other[0])
    return max(abs(here[1] - other[1]) / apart, LEAST_SLOPE) if apart > NEAR else USUAL_SLOPE
