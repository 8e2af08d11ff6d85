"""How much of a run's time the networks are at work; while none is, ip2p's own work or a file's is waited for.

Several may be at work at once, so that the shares do not add up.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass

from benchmarks.edit_command import run_here
from benchmarks.measuring import paired
from benchmarks.network_time import NETWORKS, UNET, Spent, spend
from benchmarks.photos import make_photos
from benchmarks.results import Figure, Result, figure
from benchmarks.setting import INSTRUCTION, Setting

PLAIN, FAST = "ip2p edit", "ip2p edit --fast"


@dataclass(frozen=True)
class Scale:
    """How much to do."""

    photos: int
    photo_size: tuple[int, int]
    rounds: int


SIZES = {"quick": Scale(4, (384, 256), 2), "normal": Scale(200, (1024, 768), 3), "full": Scale(200, (1024, 768), 5)}


def run(setting: Setting, scale: Scale) -> Result:
    """The whole command, from loading the model to the last file. By the wall clock."""
    photos, numbers = make_photos(setting.work / "photos", scale.photos, scale.photo_size), itertools.count()

    def side(*options: str) -> Spent:
        words = setting.edit(photos, f"edited-{next(numbers)}", "-i", INSTRUCTION, *options)
        return spend(functools.partial(run_here, *words), setting.device)

    spent = paired({PLAIN: functools.partial(side), FAST: functools.partial(side, "--fast")}, scale.rounds)
    figures = [each for name, found in spent.items() for each in _figures(name, found)]
    return Result(figures, {name: [each.total for each in found] for name, found in spent.items()})


def _figures(name: str, runs: list[Spent]) -> list[Figure]:
    goals = {UNET: ">= 0.8"} if name == PLAIN else {}
    shares = {network: [run.busy(network) / run.total for run in runs] for network in NETWORKS}
    figures = [figure(f"{name}: {network}", "share", found, goals.get(network)) for network, found in shares.items()]
    left = [1 - run.busy() / run.total for run in runs]
    return [*figures, figure(f"{name}: no network", "share", left)]
