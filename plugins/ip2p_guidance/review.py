"""What is said of a result: it lies in the band, or where to try next; without a band, whether anything changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ip2p_cli.api import EditJob, StepSettings, Try, Verdict

from .distance import perceptual_distance
from .search import Line, next_position

if TYPE_CHECKING:
    from PIL.Image import Image

NAME = "guidance"  # of this plugin: reviews' scores are kept under it
DISTANCE = "distance"
BARELY = 0.04  # distance below which an edit shows nothing but the model's own copy of the photo


def judge(job: EditJob, before: Image, after: Image, settings: StepSettings, tries: Sequence[Try]) -> Verdict:
    """The verdict on one try. Its score: the distance."""
    distance = perceptual_distance(before, after)
    scores = {DISTANCE: distance}
    band = job.change
    if band is None:
        if distance < BARELY:
            return Verdict.flag("it barely changed; try --change normal, or other words", scores)
        return Verdict.allow(scores)
    if band.low <= distance <= band.high:
        return Verdict.allow(scores)
    miss = max(band.low - distance, distance - band.high)
    line = _line(settings, tries)
    tried = [*_tried(line, tries), (_position(line, settings), distance)]
    following = next_position(tried, band.low, band.high, line.ends)
    said = f"its change of {distance:.2f} is not within {band.low:g} to {band.high:g}"
    if following is None:
        return Verdict.flag(f"{said}, and guidance cannot take it there", scores, miss=miss)
    text, image = line.at(following)
    return Verdict.retry(StepSettings(text_guidance=text, image_guidance=image), said, scores, miss=miss)


def _line(settings: StepSettings, tries: Sequence[Try]) -> Line:
    first = tries[0].settings if tries else settings
    assert first.text_guidance is not None and first.image_guidance is not None
    return Line(first.text_guidance, first.image_guidance)


def _tried(line: Line, tries: Sequence[Try]) -> list[tuple[float, float]]:
    """Position and distance of tries, whichever review has sent them round again."""
    return [(_position(line, one.settings), one.scores[f"{NAME}.{DISTANCE}"]) for one in tries]


def _position(line: Line, settings: StepSettings) -> float:
    """Solved for, never remembered: the settings may be those that another plugin's review has asked for."""
    assert settings.text_guidance is not None and settings.image_guidance is not None
    return line.position_of(settings.text_guidance, settings.image_guidance)
