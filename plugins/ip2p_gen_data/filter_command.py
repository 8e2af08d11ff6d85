"""The options of `ip2p gen-data filter`: parse, score what has no score yet, decide, publish."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from .clip_filter.model import ClipModel

DEFAULT_CLIP = "openai/clip-vit-large-patch14"  # the paper's; its thresholds belong to it


def filter_pairs(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the dataset.")] = Path("ip2p-data"),
    clip: Annotated[str, typer.Option(help="CLIP or SigLIP: a folder or a hub id.")] = DEFAULT_CLIP,
    min_image: Annotated[
        str, typer.Option(help="Least similarity of both pictures: 0.7, or q0.3 (a quantile).")
    ] = "0.7",
    min_direction: Annotated[str, typer.Option(help="Least directional similarity.")] = "0.2",
    min_caption: Annotated[str, typer.Option(help="Least similarity of each picture and its caption.")] = "0.2",
    best: Annotated[int, typer.Option(min=1, help="Most pairs kept of one caption pair.")] = 4,
    batch_size: Annotated[int, typer.Option(min=1, help="Candidates scored at a time.")] = 32,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:0 … or mps.")] = "auto",
    dtype: Annotated[str, typer.Option(help="auto, float32, float16 or bfloat16.")] = "auto",
    offline: Annotated[bool, typer.Option(help="Never ask the network.")] = False,
) -> None:
    """Keep the candidates that CLIP takes for good edits; filtering again by other rules needs no new scores."""
    from .candidates import finished_shards
    from .clip_filter.rules import Rules, Threshold
    from .clip_filter.scores import score_shards
    from .clip_filter.stage import filter_candidates
    from .intermediate import fingerprint
    from .progress import show

    rules = Rules(Threshold.parse(min_image), Threshold.parse(min_direction), Threshold.parse(min_caption), best)
    shards = finished_shards(output)

    def load() -> ClipModel:
        from .clip_filter.model import load_clip

        return load_clip(clip, device=device, dtype=dtype, offline=offline)

    name = fingerprint(clip)
    show(score_shards(output, shards, name, load, batch_size), "shards scored")
    result = filter_candidates(output, name, rules)
    for reason, count in result.reasons.most_common():
        typer.echo(f"{reason}: {count}", err=True)
    typer.echo(f"{output}: {result.kept} of {result.candidates} pairs in {result.shards} shards", err=True)
