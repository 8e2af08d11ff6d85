"""Edits of one thing, with and without `auto_mask`: does the mask lie where the edit belongs, and what does it save?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ip2p_cli.api import EditResult
from ip2p_eval.intervals import share
from ip2p_gen_data.world.render import render

from .cases import Case, Picture, as_picture
from .judging import judge_image

LOCAL = ("colour", "size", "kind", "add", "remove")  # verbs of one thing
SEEN = 6  # levels of 255 by which a pixel has to differ in any channel, to belong to an edit
MARGIN = 2  # pixels around a true region that are not counted as unrelated

Region = NDArray[np.bool_]  # (SIDE, SIDE)


@dataclass(frozen=True)
class Masked:
    """One case edited freely and within the model's own mask."""

    overlap: float  # intersection over union of the mask and the true region
    free: float  # mean absolute change of unrelated pixels, of 255, without the mask
    kept: float  # and with it
    free_done: bool
    kept_done: bool


def true_region(case: Case) -> Region:
    """Where the true result differs from the picture."""
    after = render(case.row.after.scene)
    region: Region = (np.abs(after.astype(int) - case.picture.astype(int)) > SEEN).any(axis=2)
    return region


def compare(case: Case, free: EditResult, kept: EditResult) -> Masked:
    """Measure one case."""
    region = true_region(case)
    assert kept.mask is not None
    mask = as_picture(kept.mask)[..., 0] > 127
    union = (mask | region).sum()
    unrelated = ~_grown(region, MARGIN)
    return Masked(
        overlap=float((mask & region).sum() / union) if union else 1.0,
        free=_change(case.picture, as_picture(free.image), unrelated),
        kept=_change(case.picture, as_picture(kept.image), unrelated),
        free_done=judge_image(case, free.image).done,
        kept_done=judge_image(case, kept.image).done,
    )


def summarise(found: Sequence[Masked]) -> dict[str, Any]:
    """Means over cases, and shares of edits that were done."""
    free, kept = (float(np.mean([getattr(one, name) for one in found])) for name in ("free", "kept"))
    return {
        "overlap": round(float(np.mean([one.overlap for one in found])), 4),
        "unrelated_change_without": round(free, 4),
        "unrelated_change_with": round(kept, 4),
        "times_less": round(free / kept, 2) if kept else None,
        "done_without": share(sum(one.free_done for one in found), len(found)),
        "done_with": share(sum(one.kept_done for one in found), len(found)),
    }


def _grown(region: Region, by: int) -> Region:
    padded = np.pad(region, by)
    height, width = region.shape
    views = [padded[y : y + height, x : x + width] for y in range(2 * by + 1) for x in range(2 * by + 1)]
    grown: Region = np.logical_or.reduce(views)
    return grown


def _change(before: Picture, after: Picture, where: Region) -> float:
    return float(np.abs(after.astype(float) - before.astype(float))[where].mean()) if where.any() else 0.0
