"""Photos a second, from a folder of JPEGs to a folder of JPEGs: `ip2p edit` beside diffusers' pipeline.

All sides load the model, read files, edit at one size with the same steps and guidance, and write files. ip2p also
carries each edit to the photo's full size, runs its checks and keeps a journal; the pipeline writes the model's pixels.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.edit_command import run_here
from benchmarks.measuring import paired, ratios, timed
from benchmarks.photos import make_photos
from benchmarks.results import Result, figure
from benchmarks.setting import INSTRUCTION, Setting
from ip2p_cli.api import find_photos

OURS, BARE, FAST = "ip2p edit", "ip2p edit --no-plugin nsfw", "ip2p edit --fast"
LOOPED, BY_HAND = "pipeline, looped", "pipeline, by hand"
BATCH = 8  # photos at once in the pipeline by hand


@dataclass(frozen=True)
class Scale:
    """How much to do."""

    photos: int
    photo_size: tuple[int, int]  # of a photo, pixels
    rounds: int


SIZES = {"quick": Scale(4, (384, 256), 2), "normal": Scale(200, (1024, 768), 3), "full": Scale(200, (1024, 768), 5)}


def run(setting: Setting, scale: Scale) -> Result:
    """Warm up on a few photos, then measure all sides in turns."""
    photos = make_photos(setting.work / "photos", scale.photos, scale.photo_size)
    few = make_photos(setting.work / "few", min(BATCH, scale.photos), scale.photo_size, seed=1)
    sides = _sides(setting, scale)
    for side in sides.values():
        side(few)
    seconds = paired({name: timed(_on(side, photos), setting.clock) for name, side in sides.items()}, scale.rounds)
    figures = [figure(name, "photos/s", [scale.photos / each for each in found]) for name, found in seconds.items()]
    for name, theirs, goal in _comparisons(setting, seconds):
        figures.append(figure(f"speed, {name} / {theirs}", "times", ratios(seconds[theirs], seconds[name]), goal))
    return Result(figures, seconds)


def _sides(setting: Setting, scale: Scale) -> dict[str, Callable[[Path], None]]:
    import torch

    from benchmarks.pipelines import Edit, edit_by_hand, edit_looped, open_pipeline
    from ip2p_cli.api import find_model
    from ip2p_cli.checkpoint import read_checkpoint
    from ip2p_cli.editor.sizes import fit

    numbers = itertools.count()
    folder = find_model(setting.model)
    checkpoint = read_checkpoint(folder)
    own = checkpoint.defaults
    place = fit(*scale.photo_size, checkpoint.native_size, checkpoint.factor * checkpoint.latent_multiple)
    edit = Edit(INSTRUCTION, own.steps, own.text_guidance, own.image_guidance, (place.width, place.height))
    dtype = getattr(torch, setting.dtype)

    def command(*options: str) -> Callable[[Path], None]:
        def side(photos: Path) -> None:
            run_here(*setting.edit(photos, f"ip2p-{next(numbers)}", "-i", INSTRUCTION, *options))

        return side

    def looped(photos: Path) -> None:
        pipeline = open_pipeline(folder, setting.device, dtype)
        edit_looped(pipeline, find_photos(photos), setting.work / f"looped-{next(numbers)}", edit)

    def by_hand(photos: Path) -> None:
        pipeline = open_pipeline(folder, setting.device, dtype)
        edit_by_hand(pipeline, find_photos(photos), setting.work / f"by-hand-{next(numbers)}", edit, BATCH)

    bare = command("--no-plugin", "nsfw")
    return {OURS: command(), BARE: bare, FAST: command("--fast"), LOOPED: looped, BY_HAND: by_hand}


def _comparisons(setting: Setting, sides: dict[str, list[float]]) -> list[tuple[str, str, str | None]]:
    """Ours, theirs, and the goal where there is one."""
    goal = ">= 2" if setting.model == "mini" else None  # mini works on 16 x 16 latents
    pairs = [(OURS, LOOPED, goal), (BARE, LOOPED, None), (OURS, BY_HAND, None), (BARE, BY_HAND, None)]
    fast = [(FAST, LOOPED, goal and ">= 4"), (FAST, BY_HAND, None)]
    return pairs + fast


def _on(side: Callable[[Path], None], photos: Path) -> Callable[[], None]:
    return lambda: side(photos)
