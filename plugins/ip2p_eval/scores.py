"""The metrics of two benchmarks on batches of pictures, and their table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from ip2p_eval.encoders import Encoders
from ip2p_eval.intervals import mean_with_interval
from ip2p_eval.measured import Table
from ip2p_eval.metrics import direction_similarity, pixel_distances, similarity
from ip2p_eval.published import Published
from ip2p_eval.rows import Row

EMU = {"clip_dir": "CLIPdir", "clip_im": "CLIPim", "clip_out": "CLIPout", "l1": "L1", "dino": "DINO"}
MAGICBRUSH = {"l1": "L1", "l2": "L2", "clip_i": "CLIP-I", "dino": "DINO", "clip_t": "CLIP-T"}
Values = dict[str, list[float]]


def emu_scores(encoders: Encoders, rows: Sequence[Row], edited: Sequence[Image.Image]) -> Values:
    """Emu Edit's five (Sheynin et al. 2023, arXiv 2311.10089): all but CLIPout against the source.

    CLIPdir: change of picture and change of caption; CLIPim: source and output; CLIPout: output and edited caption;
    L1 and DINO: source and output.
    """
    sources = [row.source for row in rows]
    scores: Values = {"l1": [pixel_distances(after, before)[0] for after, before in zip(edited, sources, strict=True)]}
    if encoders.clip:
        before, after = encoders.clip.images(sources), encoders.clip.images(edited)
        captions = [encoders.clip.texts([getattr(row, name) for row in rows]) for name in ("caption", "edited_caption")]
        scores["clip_dir"] = direction_similarity(before, after, *captions).tolist()
        scores["clip_im"] = similarity(before, after).tolist()
        scores["clip_out"] = similarity(after, captions[1]).tolist()
    if encoders.dino:
        scores["dino"] = similarity(encoders.dino.images(sources), encoders.dino.images(edited)).tolist()
    return scores


def magicbrush_scores(
    encoders: Encoders, edited: Sequence[Image.Image], targets: Sequence[Image.Image], captions: Sequence[str | None]
) -> Values:
    """MagicBrush's five (Zhang et al. 2023, arXiv 2306.10012, section 4.1), all but CLIP-T against the true result.

    CLIP-T compares with the local description of the true result; NaN for a picture that has none.
    """
    pixels = [pixel_distances(image, target) for image, target in zip(edited, targets, strict=True)]
    scores: Values = {"l1": [l1 for l1, _ in pixels], "l2": [l2 for _, l2 in pixels]}
    if encoders.clip:
        images = encoders.clip.images(edited)
        scores["clip_i"] = similarity(images, encoders.clip.images(targets)).tolist()
        text = similarity(images, encoders.clip.texts([caption or "" for caption in captions]))
        scores["clip_t"] = np.where([caption is not None for caption in captions], text, np.nan).tolist()
    if encoders.dino:
        scores["dino"] = similarity(encoders.dino.images(edited), encoders.dino.images(targets)).tolist()
    return scores


def joined(parts: Sequence[Values]) -> Values:
    """The scores of several batches, one after the other."""
    return {name: [value for part in parts for value in part[name]] for name in (parts[0] if parts else ())}


def score_figures(values: Values, order: Mapping[str, str]) -> dict[str, Any]:
    """Mean and bootstrap interval of each metric that was computed for at least one picture."""
    found = {name: mean_with_interval(np.asarray(values[name])) for name in order if name in values}
    return {name: figures for name, figures in found.items() if figures["of"]}


def score_table(
    title: str,
    order: Mapping[str, str],
    models: Sequence[tuple[str, Mapping[str, Any]]],
    published: Sequence[Published],
    notes: Sequence[str],
) -> Table:
    """A row a model, and below them the published ones; a metric that no model has gets no column."""
    there = [name for name in order if any(name in figures for _, figures in models)]
    own = [(model, *(_said(figures.get(name)) for name in there)) for model, figures in models]
    others = [(f"published: {row.model}", *(_number(row.values.get(name)) for name in there)) for row in published]
    sources = sorted({f"published: {row.source}" + (f" ({row.note})" if row.note else "") for row in published})
    header = ("mean (95 % interval)", *(order[name] for name in there))
    return Table(title, header, (*own, *others), (*notes, *sources))


def _said(figures: Mapping[str, Any] | None) -> str:
    if figures is None:
        return "–"
    return f"{figures['mean']:.4f} ({figures['low']:.4f}–{figures['high']:.4f})"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
