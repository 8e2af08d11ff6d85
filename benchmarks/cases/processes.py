"""A folder by one command, beside a process for each photo, as a shell loop would run it: seconds a photo."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from benchmarks.edit_command import run_process
from benchmarks.measuring import paired, ratios, timed
from benchmarks.photos import make_photos
from benchmarks.results import Result, figure
from benchmarks.setting import INSTRUCTION, Setting
from ip2p_cli.api import find_photos

FOLDER, SINGLES = "ip2p edit FOLDER", "ip2p edit PHOTO, each"


@dataclass(frozen=True)
class Scale:
    """How much to do."""

    photos: int  # of the folder
    singles: int  # of them, that a round edits each in a process of its own: all processes cost alike
    photo_size: tuple[int, int]
    rounds: int


SIZES = {
    "quick": Scale(4, 1, (384, 256), 1),
    "normal": Scale(50, 5, (1024, 768), 5),
    "full": Scale(50, 50, (1024, 768), 3),
}


def run(setting: Setting, scale: Scale) -> Result:
    """Both in turns."""
    folder = make_photos(setting.work / "photos", scale.photos, scale.photo_size)
    remaining, numbers = itertools.cycle(find_photos(folder)), itertools.count()

    def together() -> None:
        run_process(*setting.edit(folder, f"folder-{next(numbers)}", "-i", INSTRUCTION))

    def singly() -> None:
        for photo in itertools.islice(remaining, scale.singles):
            run_process(*setting.edit(photo, f"single-{next(numbers)}", "-i", INSTRUCTION))

    seconds = paired({FOLDER: timed(together, setting.clock), SINGLES: timed(singly, setting.clock)}, scale.rounds)
    folder_each = [each / scale.photos for each in seconds[FOLDER]]
    single_each = [each / scale.singles for each in seconds[SINGLES]]
    figures = [
        figure(f"{FOLDER}, a photo", "s", folder_each),
        figure(f"{SINGLES}, a photo", "s", single_each),
        figure(f"speed, {FOLDER} / {SINGLES}", "times", ratios(single_each, folder_each), ">= 10"),
    ]
    return Result(figures, seconds)
