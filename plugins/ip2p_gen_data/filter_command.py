"""The options of `ip2p gen-data filter`: parse, score what has no score yet, decide, publish."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .world.shipped import WORLD, resolve

if TYPE_CHECKING:
    from .clip_filter.model import ClipModel


def filter_pairs(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the dataset.")] = Path("ip2p-data"),
    clip: Annotated[str, typer.Option(help="CLIP or SigLIP: a folder, a hub id, or the shipped world's.")] = WORLD,
    min_image: Annotated[
        str | None, typer.Option(help="Least similarity of both pictures: a number (paper: 0.7) or a quantile (q0.3).")
    ] = None,
    min_direction: Annotated[str | None, typer.Option(help="Least directional similarity (paper: 0.2).")] = None,
    min_caption: Annotated[
        str | None, typer.Option(help="Least similarity of each picture and its caption (paper: 0.2).")
    ] = None,
    best: Annotated[int | None, typer.Option(min=1, help="Most pairs kept of one caption pair (paper: 4).")] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Candidates scored at a time.")] = 32,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:0 … or mps.")] = "auto",
    dtype: Annotated[str, typer.Option(help="auto, float32, float16 or bfloat16.")] = "auto",
    offline: Annotated[bool, typer.Option(help="Never ask the network.")] = False,
) -> None:
    """Keep the candidates that CLIP takes for good edits; filtering again by other rules needs no new scores.

    What is not given is as the model's gen-data.json says, or as in the paper, whose numbers belong to ViT-L/14.
    """
    from .candidates import finished_shards
    from .clip_filter.rules import Rules, Threshold
    from .clip_filter.scores import score_shards
    from .clip_filter.stage import filter_candidates
    from .defaults import FilterDefaults, defaults_of
    from .intermediate import fingerprint
    from .progress import show

    model = resolve(clip, "clip")
    given = {"min_image": min_image, "min_direction": min_direction, "min_caption": min_caption, "best": best}
    chosen = defaults_of(model, FilterDefaults, **given)
    image, direction = Threshold.parse(chosen.min_image), Threshold.parse(chosen.min_direction)
    rules = Rules(image, direction, Threshold.parse(chosen.min_caption), chosen.best)
    shards = finished_shards(output)

    def load() -> ClipModel:
        from .clip_filter.model import load_clip

        return load_clip(model, device=device, dtype=dtype, offline=offline)

    name = fingerprint(model)
    show(score_shards(output, shards, name, load, batch_size), "shards scored")
    result = filter_candidates(output, name, rules)
    for reason, count in result.reasons.most_common():
        typer.echo(f"{reason}: {count}", err=True)
    typer.echo(f"{output}: {result.kept} of {result.candidates} pairs in {result.shards} shards", err=True)
