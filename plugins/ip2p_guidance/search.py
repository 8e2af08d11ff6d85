"""Which guidance to try next: a search along one line of ever stronger settings.

A position p stands for two scales, s_T and s_I of InstructPix2Pix (arXiv 2211.09800, equation 3); 0 is where the first
try was. Forward, first s_I falls to where the photo no longer holds the edit back, then s_T grows; backward, first s_I
grows, then s_T falls:

    p    −2       −1         0          1       2
    s_T  low      first      first      first   high
    s_I  high     high       first      low     low

The distance grows along the line but for noise, so that a band is found by false position between the nearest tries on
both sides, and by a guess of the slope where all are on one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

FARTHEST = 2.0
USUAL_SLOPE = 0.2  # of the distance along the line, before anything is known; measured on photos with `mini`
SLACK = 0.15  # of a bracket that a step stays clear of at both ends: curves bend
LEAST_SLOPE = 0.05  # steps along a line that hardly rises would go on for ever


@dataclass(frozen=True)
class Line:
    """The line through a first try's scales."""

    text: float  # s_T
    image: float  # s_I

    def at(self, position: float) -> tuple[float, float]:
        """(s_T, s_I) of a position in [-2, 2]."""
        low_image, high_image = min(1.0, self.image), max(2.5, self.image + 1.0)
        low_text, high_text = 0.0, max(2.0, 2.5 * self.text)  # at 0 the instruction has no say
        image_end = low_image if position > 0 else high_image
        text_end = high_text if position > 0 else low_text
        for_image, for_text = min(abs(position), 1.0), max(abs(position) - 1.0, 0.0)
        return self.text + for_text * (text_end - self.text), self.image + for_image * (image_end - self.image)


def next_position(tried: Sequence[tuple[float, float]], low: float, high: float) -> float | None:
    """Where to go on from (position, distance) of all tries so far, none of which lies in [low, high].

    None: there is nowhere left to go.
    """
    target = (low + high) / 2
    below = [(position, distance) for position, distance in tried if distance < low]
    above = [(position, distance) for position, distance in tried if distance > high]
    if below and above:
        return _between(max(below), min(above), target)
    ends = sorted(tried)
    here, beyond = (ends[-1], FARTHEST) if below else (ends[0], -FARTHEST)
    if here[0] == beyond:
        return None
    step = (target - here[1]) / _slope(ends)
    reached = here[0] + (max(step, 0.25) if below else min(step, -0.25))
    return max(-FARTHEST, min(FARTHEST, reached))


def _between(under: tuple[float, float], over: tuple[float, float], target: float) -> float:
    """False position, kept clear of both ends; `under` may lie after `over` where the curve is not monotone."""
    share = (target - under[1]) / (over[1] - under[1])
    return under[0] + min(max(share, SLACK), 1 - SLACK) * (over[0] - under[0])


def _slope(ends: Sequence[tuple[float, float]]) -> float:
    if len(ends) < 2:
        return USUAL_SLOPE
    (first, low), (last, high) = ends[0], ends[-1]
    return max((high - low) / (last - first), LEAST_SLOPE)
