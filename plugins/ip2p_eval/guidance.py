"""Does each guidance do something? Mean distance of output from input at rising scales, and its rank correlation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ip2p_cli.api import EditRequest, EditResult, read_photo
from ip2p_eval.original import Original
from ip2p_eval.shared import Editing

IMAGE_SCALES = (1.0, 1.4, 1.8, 2.2)
TEXT_SCALES = (1.0, 2.0, 3.0, 5.0, 7.5)
FAMILIES_ASKED = ("night", "winter", "autumn", "black-and-white", "oil-painting", "underwater")


@dataclass(frozen=True)
class Rung:
    """One scale of one of the guidances, the other left at the checkpoint's default."""

    guidance: str  # "text" or "image"
    scale: float

    def request(self, image: Any, instruction: str, seed: int) -> EditRequest:
        """The request at this rung."""
        if self.guidance == "text":
            return EditRequest(image=image, instruction=instruction, seed=seed, text_guidance=self.scale)
        return EditRequest(image=image, instruction=instruction, seed=seed, image_guidance=self.scale)


RUNGS = tuple(Rung("text", s) for s in TEXT_SCALES) + tuple(Rung("image", s) for s in IMAGE_SCALES)


def distance(original: Original, after: Any) -> float:
    """Root mean square difference of output and input in RGB, in [0, 1]."""
    pair = original.against(after)
    return float(np.sqrt(((pair.after.rgb - pair.before.rgb) ** 2).mean()))


def ranks(values: Sequence[float]) -> np.ndarray:
    """Ranks from 0; equal values share their mean rank."""
    array = np.asarray(values, dtype=float)
    below = (array[None, :] < array[:, None]).sum(axis=1)
    same = (array[None, :] == array[:, None]).sum(axis=1)
    return below + (same - 1) / 2


def spearman(x: Sequence[float], y: Sequence[float]) -> float:
    """Spearman's rank correlation in [-1, 1]; 0 where either is constant."""
    rx, ry = ranks(x), ranks(y)
    if rx.std() == 0 or ry.std() == 0:
        return 0.0
    return float(np.corrcoef(rx, ry)[0, 1])


def run_guidance(
    editor: Editing, photos: Sequence[Path], instructions: Sequence[str], *, seed: int = 0, full_resolution: bool = True
) -> Iterator[dict[Rung, list[float]]]:
    """For each photo, the distances at every rung, over the instructions."""
    for path in photos:
        image = read_photo(path)
        original = Original(image)
        asked = [(rung, text) for text in instructions for rung in RUNGS]
        requests = [rung.request(image, text, seed) for rung, text in asked]
        results = editor.edit_each(requests, full_resolution=full_resolution)
        distances: dict[Rung, list[float]] = {rung: [] for rung in RUNGS}
        for (rung, _), result in zip(asked, results, strict=True):
            if isinstance(result, EditResult):
                distances[rung].append(distance(original, result.image))
        yield distances


def summarise(per_photo: Sequence[dict[Rung, list[float]]]) -> dict[str, Any]:
    """Mean distance at each scale and the rank correlation of those means with the scale, for both guidances."""
    figures: dict[str, Any] = {}
    for guidance, scales in (("text", TEXT_SCALES), ("image", IMAGE_SCALES)):
        pooled = [[d for photo in per_photo for d in photo[Rung(guidance, s)]] for s in scales]
        means = [float(np.mean(distances)) if distances else 0.0 for distances in pooled]
        figures[guidance] = {
            "scales": list(scales),
            "mean_distance": [round(m, 5) for m in means],
            "edits": sum(map(len, pooled)),
            "spearman": round(spearman(scales, means), 4),
        }
    return figures
