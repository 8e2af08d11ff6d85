"""The options of `ip2p gen-data pairs`: parse, plan, run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ip2p_cli.api import choose_workplace

from .world.shipped import WORLD, resolve


def pairs(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the dataset.")] = Path("ip2p-data"),
    prompts: Annotated[
        Path | None, typer.Option(help="JSONL of input (or caption), edit and output; else the instruction stage's.")
    ] = None,
    model: Annotated[
        str, typer.Option(help="Text-to-image checkpoint: a folder, a hub id, or the shipped world's.")
    ] = WORLD,
    samples: Annotated[int | None, typer.Option(min=1, help="Samples of each caption pair (paper: 100).")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Sampling steps (paper: 100).")] = None,
    sampler: Annotated[str | None, typer.Option(help="A registered sampler (paper: euler_a).")] = None,
    size: Annotated[int | None, typer.Option(min=8, help="Side of the pictures in pixels.")] = None,
    min_p2p: Annotated[
        float | None, typer.Option(help="Least share of steps that share self-attention (paper: 0.1).")
    ] = None,
    max_p2p: Annotated[float | None, typer.Option(help="Greatest such share (paper: 0.9).")] = None,
    min_cfg: Annotated[float | None, typer.Option(help="Least guidance scale (paper: 7.5).")] = None,
    max_cfg: Annotated[float | None, typer.Option(help="Greatest guidance scale (paper: 15).")] = None,
    cross_attention: Annotated[
        str | None, typer.Option(help="Control words, too: none, replace or refine (paper: none).")
    ] = None,
    cross_threshold: Annotated[
        float | None, typer.Option(help="Share of steps with that control, else as many as share self-attention.")
    ] = None,
    new_words: Annotated[float, typer.Option(help="Factor on the attention that new words get.")] = 1.0,
    seed: Annotated[int, typer.Option(help="One seed makes the same pairs again.")] = 0,
    batch_size: Annotated[int, typer.Option(min=1, help="Pairs at a time.")] = 8,
    device: Annotated[
        str, typer.Option(help="auto, cpu, cuda, cuda:0 … or mps; several with a worker each: cuda:0,cuda:1, or all.")
    ] = "auto",
    workers: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Processes that draw, dealt to the devices in turn.")
    ] = None,
    address: Annotated[
        str | None, typer.Option(metavar="HOST:PORT|auto", help="Draw on that Ray cluster (auto: as Ray finds it).")
    ] = None,
    dtype: Annotated[str, typer.Option(help="auto, float32, float16 or bfloat16.")] = "auto",
    offline: Annotated[bool, typer.Option(help="Never ask the network.")] = False,
) -> None:
    """Draw image pairs of caption pairs, by Prompt-to-Prompt; the same command again goes on where it stopped.

    What is not given is as the model's gen-data.json says, or as in the paper.
    """
    from .defaults import PairDefaults, defaults_of
    from .intermediate import fingerprint
    from .p2p.config import CrossConfig, DrawConfig, P2PConfig, as_settings
    from .p2p.loading import P2PLoader
    from .p2p.stage import make_candidates
    from .progress import show
    from .prompts import read_caption_pairs

    checkpoint = resolve(model, "text-to-image")
    ranges = {"min_p2p": min_p2p, "max_p2p": max_p2p, "min_cfg": min_cfg, "max_cfg": max_cfg}
    drawing = {"samples": samples, "steps": steps, "sampler": sampler, "cross_attention": cross_attention}
    chosen = defaults_of(checkpoint, PairDefaults, **drawing, **ranges)
    draws = DrawConfig(chosen.samples, seed, chosen.min_p2p, chosen.max_p2p, chosen.min_cfg, chosen.max_cfg)
    cross = CrossConfig(chosen.cross_attention, cross_threshold, new_words)
    config = P2PConfig(chosen.steps, chosen.sampler, size, cross)
    captions = read_caption_pairs(output, prompts)

    weights = fingerprint(checkpoint)
    place = choose_workplace(None if device == "auto" else device, workers, ray=address is not None, address=address)
    settings = {"engine": "p2p", "model": weights, "dtype": dtype, **as_settings(draws, config)}
    engine = P2PLoader(_absolute(checkpoint), weights, config, dtype, offline)
    progress = make_candidates(output.absolute(), captions, engine, draws, settings, batch_size, place=place)
    show(progress, "pairs")
    typer.echo(f"{output}: {len(captions) * chosen.samples} candidates of {len(captions)} caption pairs", err=True)


def _absolute(checkpoint: str) -> str:
    folder = Path(checkpoint).expanduser()
    return str(folder.absolute()) if folder.is_dir() else checkpoint
