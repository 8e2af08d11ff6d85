"""What is said of a result: it lies in the band, or where to try next; without a band, whether anything changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ip2p_cli.api import EditJob, StepSettings, Try, Verdict

from .distance import perceptual_distance
from .search import Line, next_position

if TYPE_CHECKING:
    from PIL.Image import Image

DISTANCE = "distance"
SCORE = f"guidance.{DISTANCE}"  # as a try and an outcome have it: under the plugin's name
BARELY = 0.04  # distance below which an edit shows nothing but the model's own copy of the photo


def judge(job: EditJob, before: Image, after: Image, chain: Sequence[StepSettings], tries: Sequence[Try]) -> Verdict:
    """The verdict on one try, made with the settings of `chain`, a step each. Its score: the distance."""
    distance = perceptual_distance(before, after)
    scores = {DISTANCE: distance}
    band = job.change
    if band is None:
        if distance < BARELY:
            return Verdict.flag(
                "it barely changed; try --change normal, other words, or a mask that lets more change", scores
            )
        return Verdict.allow(scores)
    if band.low <= distance <= band.high:
        return Verdict.allow(scores)
    seen = [*((one.chain, one.scores[SCORE]) for one in tries), (chain, distance)]
    lines = [_line(settings) for settings in seen[0][0]]
    tried = [(_position(lines, settings), far) for settings, far in seen]
    following = next_position(tried, band.low, band.high, _ends(lines))
    said = f"its change of {distance:.2f} is not within {band.low:g} to {band.high:g}"
    miss = max(band.low - distance, distance - band.high)
    if following is None:
        return Verdict.flag(f"{said}, and guidance cannot take it there", scores, miss=miss)
    scales = [line.at(following) for line in lines]
    return Verdict.retry([StepSettings(None, text, image) for text, image in scales], said, scores, miss=miss)


def _line(settings: StepSettings) -> Line:
    """Of a step, through what it had in the first try."""
    return Line(*_scales(settings))


def _ends(lines: Sequence[Line]) -> tuple[float, float]:
    """As far as any step's line goes."""
    return min(line.ends[0] for line in lines), max(line.ends[1] for line in lines)


def _position(lines: Sequence[Line], chain: Sequence[StepSettings]) -> float:
    """Of the step that is farthest from where it began: others may be at the end of their line.

    Solved for, never remembered: the settings may be those that another plugin's review has asked for.
    """
    positions = [line.position_of(*_scales(settings)) for line, settings in zip(lines, chain, strict=True)]
    return max(positions, key=abs)


def _scales(settings: StepSettings) -> tuple[float, float]:
    assert settings.text_guidance is not None and settings.image_guidance is not None
    return settings.text_guidance, settings.image_guidance
