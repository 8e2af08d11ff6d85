"""How far edits are from what they should be: eval's own metrics, on the pictures of the validation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from ip2p_eval.encoders import Encoders
from ip2p_eval.metrics import direction_similarity, similarity
from ip2p_eval.scores import Values, magicbrush_scores

from .latents import Sample


def compare(samples: Sequence[Sample], edited: Sequence[Image.Image], encoders: Encoders) -> dict[str, float]:
    """Means over n edits, by the names of docs/eval.md.

    Against the target `l1`, `l2`, and where encoders are named `clip_i` and `dino`; against the photo `clip_im`, and of
    pairs that have captions `clip_dir`.
    """
    scores = magicbrush_scores(encoders, edited, [sample.target for sample in samples], [None] * len(samples))
    scores.pop("clip_t", None)  # a pair has no local description
    if encoders.clip:
        scores |= _from_before(samples, edited, encoders)
    return {name: float(np.mean(values)) for name, values in scores.items() if values}


def _from_before(samples: Sequence[Sample], edited: Sequence[Image.Image], encoders: Encoders) -> Values:
    """The axes of the paper's trade-off: how much stayed, and whether it went where the captions go."""
    clip = encoders.clip
    assert clip is not None
    before, after = clip.images([sample.before for sample in samples]), clip.images(edited)
    told = [place for place, sample in enumerate(samples) if sample.caption and sample.edited_caption]
    if not told:
        return {"clip_im": similarity(before, after).tolist()}
    captions = (clip.texts([getattr(samples[place], name) for place in told]) for name in ("caption", "edited_caption"))
    directions = direction_similarity(before[told], after[told], *captions)
    return {"clip_im": similarity(before, after).tolist(), "clip_dir": directions.tolist()}
