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
DISTANCE, POSITION, NEXT = "distance", "position", "next"
BARELY = 0.04  # distance below which an edit shows nothing but the model's own copy of the photo


def judge(job: EditJob, before: Image, after: Image, settings: StepSettings, tries: Sequence[Try]) -> Verdict:
    """The verdict on one try. Scores: the distance, and where on the search's line it was made."""
    distance = perceptual_distance(before, after)
    band = job.change
    if band is None:
        if distance < BARELY:
            return Verdict.flag("it barely changed; try --change normal, or other words", {DISTANCE: distance})
        return Verdict.allow({DISTANCE: distance})
    position = tries[-1].scores[f"{NAME}.{NEXT}"] if tries else 0.0
    scores = {DISTANCE: distance, POSITION: position}
    if band.low <= distance <= band.high:
        return Verdict.allow(scores)
    tried = [(one.scores[f"{NAME}.{POSITION}"], one.scores[f"{NAME}.{DISTANCE}"]) for one in tries]
    following = next_position([*tried, (position, distance)], band.low, band.high)
    said = f"its change of {distance:.2f} is not within {band.low:g} to {band.high:g}"
    if following is None:
        return Verdict.flag(f"{said}, and guidance cannot take it there", scores)
    text, image = _line(settings, tries).at(following)
    return Verdict.retry(StepSettings(text_guidance=text, image_guidance=image), said, {**scores, NEXT: following})


def _line(settings: StepSettings, tries: Sequence[Try]) -> Line:
    first = tries[0].settings if tries else settings
    assert first.text_guidance is not None and first.image_guidance is not None
    return Line(first.text_guidance, first.image_guidance)
