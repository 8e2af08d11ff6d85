"""What a chain of four instructions costs, beside one: in the U-Net, in all networks, in all."""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass

from benchmarks.edit_command import run_here
from benchmarks.measuring import paired, ratios
from benchmarks.network_time import DECODE, ENCODE, UNET, Spent, spend
from benchmarks.photos import make_photos
from benchmarks.results import Figure, Result, figure
from benchmarks.setting import Setting

CHAIN = ("make it night", "add snow", "make it sepia", "make it look like an oil painting")
ONE, FOUR = "one instruction", "chain of 4"
LATENTS = f"{FOUR}, latent-chain"  # latents are handed from one instruction to the next
GOAL = "<= 4.05"


@dataclass(frozen=True)
class Scale:
    """How much to do."""

    photos: int
    photo_size: tuple[int, int]
    rounds: int


SIZES = {"quick": Scale(1, (384, 256), 2), "normal": Scale(16, (1024, 768), 5), "full": Scale(40, (1024, 768), 5)}


def run(setting: Setting, scale: Scale) -> Result:
    """One, a chain of four, and a chain of latents, in turns."""
    photos, numbers = make_photos(setting.work / "photos", scale.photos, scale.photo_size), itertools.count()

    def side(instructions: tuple[str, ...], *options: str) -> Spent:
        said = [word for text in instructions for word in ("-i", text)]
        words = setting.edit(photos, f"edited-{next(numbers)}", *said, *options)
        return spend(functools.partial(run_here, *words), setting.device)

    sides = {ONE: functools.partial(side, CHAIN[:1]), FOUR: functools.partial(side, CHAIN)}
    sides[LATENTS] = functools.partial(side, CHAIN, "--accelerate", "latent-chain")
    sides[ONE]()  # warm
    spent = paired(sides, scale.rounds)
    figures = [each for name in sides if name != ONE for each in _figures(name, spent[name], spent[ONE])]
    return Result(figures, {name: [each.total for each in found] for name, found in spent.items()})


def _figures(name: str, chains: list[Spent], ones: list[Spent]) -> list[Figure]:
    """Beside the U-Net's time of one edit, and beside the whole run of one."""
    unet = [one.in_networks(UNET) for one in ones]
    ends = [one.in_networks(ENCODE, DECODE) for one in ones]
    beyond = [chain.in_networks() - end for chain, end in zip(chains, ends, strict=True)]
    in_unet = [chain.in_networks(UNET) for chain in chains]
    less = f"{name} less one encode and decode"
    goal = GOAL if name == LATENTS else None
    return [
        figure(f"time in the U-Net, {name} / {ONE}", "times", ratios(in_unet, unet)),
        figure(f"time in networks, {less} / U-Net of {ONE}", "times", ratios(beyond, unet), goal),
        figure(f"time, {name} / {ONE}", "times", ratios([c.total for c in chains], [o.total for o in ones])),
    ]
