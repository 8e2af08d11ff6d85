"""How well pairs are drawn and filtered, by the oracle: text-to-image, Prompt-to-Prompt, CLIP's choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ip2p_cli.api import encode_image

from ..clip_filter.model import ClipModel
from ..clip_filter.rules import KEPT, Rules, Scored, decide
from ..clip_filter.scores import similarities
from ..p2p.config import DrawConfig, Sample, draw
from ..p2p.engine import ImagePair, P2PEngine
from ..prompts import CaptionPair
from . import oracle
from .captions import parse
from .dataset import CaptionedScenes, EditedScene
from .staying import Staying, staying

BINS = ((0.1, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.9))  # of the threshold
BATCH = 16  # pairs


@dataclass(frozen=True)
class Drawn:
    """One candidate with what the oracle says of it."""

    row: EditedScene
    sample: Sample
    images: ImagePair
    before_right: bool  # all that the caption names
    after_right: bool
    stayed: Staying

    @property
    def good(self) -> bool:
        """Both pictures are as their captions say, and what the edit does not name is the same in both."""
        return self.before_right and self.after_right and all(self.stayed.attributes)


def held_out_rows(count: int) -> list[EditedScene]:
    """Edits of captions that were kept from training."""
    data = CaptionedScenes(for_training=False)
    return [data.edited(index) for index in range(count)]


def draw_pairs(engine: P2PEngine, rows: Sequence[EditedScene], config: DrawConfig, p2p: bool = True) -> list[Drawn]:
    """`config.samples` candidates of each row; without `p2p` nothing is shared but the noise."""
    pairs = [
        CaptionPair(number, row.before.caption, row.instruction, row.after.caption) for number, row in enumerate(rows)
    ]
    work = [(pair, draw(config, pair.row, sample)) for pair in pairs for sample in range(config.samples)]
    if not p2p:
        work = [(pair, replace(sample, p2p_threshold=0.0)) for pair, sample in work]
    found: list[Drawn] = []
    for start in range(0, len(work), BATCH):
        part = work[start : start + BATCH]
        for (pair, sample), images in zip(part, engine(part), strict=True):
            if images is not None:
                found.append(_judged(rows[pair.row], sample, images))
    return found


def text_to_image_figures(drawn: Sequence[Drawn]) -> dict[str, float]:
    """Shares of pictures that are all right; those before the edit are plain text-to-image."""
    return {"all named attributes right": float(np.mean([one.before_right for one in drawn]))}


def drawn_apart(ones: Sequence[Drawn], others: Sequence[Drawn]) -> list[Drawn]:
    """Pairs of nothing shared at all: the picture before of the one, the picture after of the other."""
    return [
        _judged(one.row, one.sample, ImagePair(one.images.original, other.images.edited))
        for one, other in zip(ones, others, strict=True)
    ]


def p2p_figures(
    drawn: Sequence[Drawn], noise_alone: Sequence[Drawn], apart: Sequence[Drawn]
) -> dict[str, dict[str, float]]:
    """Bin of the threshold -> shares of pairs in which what the edit does not name stayed; first those without."""
    figures = {"off": _stayed(apart), "off, but the noise shared": _stayed(noise_alone)}
    for low, high in BINS:
        figures[f"{low} to {high}"] = _stayed([one for one in drawn if low <= one.sample.p2p_threshold < high])
    return figures | {"all": _stayed(drawn)}


def filter_figures(drawn: Sequence[Drawn], clip: ClipModel, rules: Rules) -> dict[str, float]:
    """Share of good candidates before and after the filter, and the share that it keeps."""
    rows = [
        {
            "original_prompt": one.row.before.caption,
            "edited_prompt": one.row.after.caption,
            "original_image": encode_image(one.images.original),
            "edited_image": encode_image(one.images.edited),
        }
        for one in drawn
    ]
    scores = [found for at in range(0, len(rows), 64) for found in similarities(clip, rows[at : at + 64])]
    scored = [Scored(one.sample.row, one.sample.sample, *found) for one, found in zip(drawn, scores, strict=True)]
    kept = [one for one, reason in zip(drawn, decide(scored, rules), strict=True) if reason == KEPT]
    return {
        "good": _share([one.good for one in drawn]),
        "good of the kept": _share([one.good for one in kept]),
        "kept": len(kept) / max(1, len(drawn)),
    }


def _judged(row: EditedScene, sample: Sample, images: ImagePair) -> Drawn:
    before, after = (oracle.read(np.asarray(image)) for image in (images.original, images.edited))
    right = [
        all(oracle.judge(reading, parse(one.caption).named).values())
        for reading, one in ((before, row.before), (after, row.after))
    ]
    return Drawn(row, sample, images, right[0], right[1], staying(row.edit, before, after))


def _stayed(drawn: Sequence[Drawn]) -> dict[str, float]:
    attributes = [all(one.stayed.attributes) for one in drawn]
    places = [all(one.stayed.places) for one in drawn]
    return {
        "attributes stay": _share(attributes),
        "places stay": _share(places),
        "both stay": _share([one and other for one, other in zip(attributes, places, strict=True)]),
    }


def _share(verdicts: Sequence[bool]) -> float:
    return float(np.mean(verdicts)) if verdicts else float("nan")
