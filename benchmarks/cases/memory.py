"""The most memory that `ip2p edit` holds, for few photos and for many, on networks so small that they do not matter.

And the time that each small photo takes then, which is that of everything but the networks.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.edit_command import MEBIBYTE, Used, use_process
from benchmarks.measuring import paired, ratios
from benchmarks.networks import TINY, write_checkpoint
from benchmarks.photos import make_photos
from benchmarks.results import Figure, Result, figure
from benchmarks.setting import INSTRUCTION, Setting

NATIVE = 32  # pixels a side that the tiny networks work at
FLAT = "<= 1.1"


@dataclass(frozen=True)
class Scale:
    """How much to do."""

    counts: tuple[int, ...]  # of photos; the first is what the others are compared with
    photo_size: tuple[int, int]
    rounds: int


SIZES = {
    "quick": Scale((4, 16), (96, 72), 1),
    "normal": Scale((100, 1000), (96, 72), 3),
    "full": Scale((100, 1000, 10000), (96, 72), 3),
}


def run(setting: Setting, scale: Scale) -> Result:
    """A process for each count, in turns."""
    model, numbers = write_checkpoint(setting.work / "tiny", TINY, NATIVE), itertools.count()

    def side(count: int) -> Callable[[], Used]:
        photos = make_photos(setting.work / f"{count}-photos", count, scale.photo_size)
        tiny = Setting(setting.work, str(model), setting.device, setting.dtype)
        options = ("-i", INSTRUCTION, "--steps", "1", "--no-plugin", "nsfw")
        return lambda: use_process(*tiny.edit(photos, f"edited-{next(numbers)}", *options))

    used = paired({_name(count): side(count) for count in scale.counts}, scale.rounds)
    found = {name: [each.peak / MEBIBYTE for each in of_name] for name, of_name in used.items()}
    times = [
        figure(f"a photo, of {_name(count)}", "ms", [1000 * each.seconds / count for each in used[_name(count)]])
        for count in scale.counts
    ]
    return Result([*_figures(found, scale.counts), *times], found)


def _figures(found: dict[str, list[float]], counts: tuple[int, ...]) -> list[Figure]:
    least = found[_name(counts[0])]
    peaks = [figure(f"peak, {name}", "MiB", values) for name, values in found.items()]
    names = [_name(count) for count in counts]
    growth = [figure(f"peak, {name} / {names[0]}", "times", ratios(found[name], least), FLAT) for name in names[1:]]
    return peaks + growth


def _name(count: int) -> str:
    return f"{count:,} photos"
