"""What files cost: a large photo beside a small one; a folder on the disk beside one that is in memory already."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.edit_command import MEBIBYTE, Used, run_here, use_process
from benchmarks.measuring import paired, ratios, timed
from benchmarks.photos import make_photos
from benchmarks.results import Figure, Result, figure
from benchmarks.setting import INSTRUCTION, Setting
from ip2p_cli.api import find_photos

COLD, WARM = "from the disk", "from memory"


@dataclass(frozen=True)
class Scale:
    """How much to do."""

    sizes: tuple[tuple[int, int], ...]  # of single photos, pixels
    photos: int  # of the folder
    photo_size: tuple[int, int]
    rounds: int


SINGLES = ((1024, 768), (9248, 6936))
SIZES = {
    "quick": Scale(((96, 72), (384, 256)), 4, (384, 256), 1),
    "normal": Scale(SINGLES, 50, (1024, 768), 3),
    "full": Scale(SINGLES, 200, (1024, 768), 5),
}


def run(setting: Setting, scale: Scale) -> Result:
    """Each photo in a process of its own, in turns; then the folder, in turns.

    Raises:
        SystemExit: this system cannot be asked to forget what it has read.
    """
    if not hasattr(os, "posix_fadvise"):
        raise SystemExit("files: needs posix_fadvise, which this system does not have")
    numbers = itertools.count()

    def single(size: tuple[int, int]) -> Callable[[], Used]:
        photo = make_photos(setting.work / _name(size), 1, size)
        return lambda: use_process(*setting.edit(photo, f"single-{next(numbers)}", "-i", INSTRUCTION))

    used = paired({_name(size): single(size) for size in scale.sizes}, scale.rounds)
    folder = make_photos(setting.work / "photos", scale.photos, scale.photo_size)

    def edit() -> None:
        run_here(*setting.edit(folder, f"folder-{next(numbers)}", "-i", INSTRUCTION))

    def edit_cold() -> None:
        for photo in find_photos(folder):
            forget(photo)
        edit()

    edit()  # what is loaded once
    seconds = paired({COLD: timed(edit_cold, setting.clock), WARM: timed(edit, setting.clock)}, scale.rounds)
    reading = figure(f"time, {COLD} / {WARM}", "times", ratios(seconds[COLD], seconds[WARM]))
    singles = {name: [each.seconds for each in found] for name, found in used.items()}
    return Result([*_figures(used), reading], singles | seconds)


def forget(path: Path) -> None:
    """Have the system drop what it keeps of a file in memory, so that it is read from the disk again."""
    with path.open("rb") as file:
        os.fsync(file.fileno())  # what is not on the disk yet is never dropped
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _figures(used: dict[str, list[Used]]) -> list[Figure]:
    times = [figure(name, "s", [each.seconds for each in found]) for name, found in used.items()]
    peaks = [figure(f"peak, {name}", "MiB", [each.peak / MEBIBYTE for each in found]) for name, found in used.items()]
    return times + peaks


def _name(size: tuple[int, int]) -> str:
    width, height = size
    return f"one photo of {width} x {height}"
