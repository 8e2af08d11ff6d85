"""The most memory that `ip2p edit` holds, for few photos and for many, on networks so small that they do not matter.

Of the process that edits; those that decode photos beside it hold one photo each.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.measuring import paired, ratios
from benchmarks.networks import TINY, write_checkpoint
from benchmarks.photos import make_photos
from benchmarks.results import Figure, Result, figure
from benchmarks.setting import INSTRUCTION, Setting

MEGABYTE = 2**20
PROGRAM = """import sys
from benchmarks.measuring import peak_bytes
from ip2p_cli.cli import run

code = run(sys.argv[1:])
print(peak_bytes())
sys.exit(code)
"""
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

    def side(count: int) -> Callable[[], float]:
        photos = make_photos(setting.work / f"{count}-photos", count, scale.photo_size)
        tiny = Setting(setting.work, str(model), setting.device, setting.dtype)
        options = ("-i", INSTRUCTION, "--steps", "1", "--no-plugin", "nsfw")
        return lambda: _peak(*tiny.edit(photos, f"edited-{next(numbers)}", *options)) / MEGABYTE

    found = paired({_name(count): side(count) for count in scale.counts}, scale.rounds)
    return Result(list(_figures(found, scale.counts)), found)


def _figures(found: dict[str, list[float]], counts: tuple[int, ...]) -> list[Figure]:
    least = found[_name(counts[0])]
    peaks = [figure(f"peak, {name}", "MiB", values) for name, values in found.items()]
    names = [_name(count) for count in counts]
    growth = [figure(f"peak, {name} / {names[0]}", "times", ratios(found[name], least), FLAT) for name in names[1:]]
    return peaks + growth


def _name(count: int) -> str:
    return f"{count:,} photos"


def _peak(*arguments: str) -> float:
    """Bytes that one run held at most."""
    path = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"ip2p {' '.join(arguments)} failed:\n{done.stderr}")
    return float(done.stdout)
