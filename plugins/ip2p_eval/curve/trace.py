"""The points of a trade-off curve: every row edited at every setting, compared by CLIP."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ip2p_cli.api import progress_bar
from ip2p_eval.guidance import spearman
from ip2p_eval.intervals import mean_with_interval
from ip2p_eval.metrics import direction_similarity, similarity
from ip2p_eval.rows import Row, portions
from ip2p_gen_data.clip_filter.model import ClipModel

PORTION = 16  # rows edited between two moves of the progress bar
MEASURES = ("image_similarity", "direction_similarity")


class Drawing(Protocol):
    """What makes edited pictures, at a setting between much and little freedom."""

    def draw(self, rows: Sequence[Row], setting: float, seed: int) -> Iterable[Image.Image | None]:
        """An edited picture for each row, None where that failed."""


@dataclass(frozen=True)
class Anchors:
    """Unit vectors of what stays the same at all settings, each (n, d)."""

    before: Tensor
    caption: Tensor
    edited_caption: Tensor


@dataclass(frozen=True)
class Trace:
    """The scores at each setting, NaN where an edit failed; and small pictures of the first rows."""

    settings: tuple[float, ...]
    image: NDArray[np.float64]  # (settings, rows): cos(before, after)
    direction: NDArray[np.float64]  # (settings, rows)
    samples: tuple[tuple[Image.Image | None, ...], ...]  # (settings, shown)


def encode_rows(clip: ClipModel, rows: Sequence[Row]) -> Anchors:
    """Encode pictures and captions once."""
    parts = list(portions(rows, PORTION))
    return Anchors(
        torch.cat([clip.images([row.source for row in part]) for part in parts]),
        torch.cat([clip.texts([row.caption for row in part]) for part in parts]),
        torch.cat([clip.texts([row.edited_caption for row in part]) for part in parts]),
    )


def trace(
    drawing: Drawing,
    rows: Sequence[Row],
    anchors: Anchors,
    clip: ClipModel,
    *,
    settings: Sequence[float],
    seeds: Sequence[int],
    shown: int,
    label: str,
) -> Trace:
    """Edit all rows at all settings with all seeds; a row's score is the mean over its seeds."""
    scores = np.full((2, len(settings), len(rows), len(seeds)), np.nan)
    samples: list[list[Image.Image | None]] = [[] for _ in settings]
    steps = [(place, at) for at in range(0, len(rows), PORTION) for place in range(len(settings))]
    for place, at in progress_bar(steps, total=len(steps), label=label):
        part = rows[at : at + PORTION]
        for number, seed in enumerate(seeds):
            drawn = list(drawing.draw(part, settings[place], seed))
            scores[:, place, at : at + len(part), number] = _scores(clip, drawn, anchors, at)
            if number == 0:
                samples[place] += [_small(one) for one in drawn[: max(0, shown - at)]]
    with np.errstate(invalid="ignore"):
        image, direction = _mean_over_seeds(scores)
    return Trace(tuple(settings), image, direction, tuple(map(tuple, samples)))


def trace_figures(found: Trace) -> dict[str, Any]:
    """Means with bootstrap intervals at each setting, and the rank correlation of setting and mean."""
    by_measure = dict(zip(MEASURES, (found.image, found.direction), strict=True))
    figures: dict[str, Any] = {"settings": list(found.settings), "failed": int(np.isnan(found.image).sum())}
    for name, scores in by_measure.items():
        figures[name] = [mean_with_interval(row) for row in scores]
        means = [point["mean"] for point in figures[name]]
        known = None not in means and len(means) > 1
        figures[f"spearman_{name}"] = round(spearman(found.settings, means), 4) if known else None
    return figures


def _scores(clip: ClipModel, drawn: Sequence[Image.Image | None], anchors: Anchors, at: int) -> NDArray[np.float64]:
    """(2, len(drawn)): both measures, NaN where there is no picture."""
    scores = np.full((2, len(drawn)), np.nan)
    there = [place for place, image in enumerate(drawn) if image is not None]
    if there:
        after = clip.images([image for image in drawn if image is not None])
        rows = torch.tensor([at + place for place in there], device=after.device)
        before, caption, edited = (part[rows] for part in (anchors.before, anchors.caption, anchors.edited_caption))
        scores[0, there] = similarity(before, after)
        scores[1, there] = direction_similarity(before, after, caption, edited)
    return scores


def _mean_over_seeds(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the last axis of what is there; NaN where nothing is."""
    there = np.isfinite(scores)
    means: NDArray[np.float64] = np.where(there, scores, 0.0).sum(axis=-1) / there.sum(axis=-1)
    return means


def _small(image: Image.Image | None) -> Image.Image | None:
    """For the grid of samples only: a whole run's pictures would not fit into memory."""
    if image is not None:
        image = image.copy()
        image.thumbnail((256, 256))
    return image
