"""Which suite is meant, and what numbers are in a list: words of the command line -> values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import nan
from pathlib import Path

from ip2p_cli.api import UsageError, shards_of
from ip2p_eval.magicbrush.layout import SESSIONS

SUITES = ("looks", "local", "guidance", "curve", "emu", "magicbrush", "world", "masks")
OF_WORLD = ("world", "masks")
OF_PHOTOS = ("looks", "local", "guidance")
USED_BY = {  # option -> the suites that it means anything to; all others it means something to
    "data": (*OF_PHOTOS, "curve", "emu", "magicbrush"),
    "limit": (*OF_PHOTOS, "curve", "emu", "magicbrush"),
    "model_res": (*OF_PHOTOS, "curve", "emu", "magicbrush", "world"),
    "families": OF_PHOTOS,
    "scenes": OF_WORLD,
    "clip": ("curve", "emu", "magicbrush"),
    "dino": ("emu", "magicbrush"),
    "split": ("emu", "magicbrush"),
    "generated": ("magicbrush",),
    **dict.fromkeys(("image_guidance", "text_guidance", "steps", "seeds", "sdedit", "strengths"), ("curve",)),
}


def choose_suite(name: str | None, data: Path | None) -> str:
    """The suite that was named, or the one for what DATA is: photos, MagicBrush, or a dataset.

    Raises:
        UsageError: there is no such suite, or it needs DATA.
    """
    if name is not None and name not in SUITES:
        raise UsageError(f"unknown suite {name!r}; there are: {', '.join(SUITES)}")
    if data is None:
        if name not in OF_WORLD:
            what = f"--suite {name} needs" if name else "eval needs"
            raise UsageError(f"{what} DATA: a folder of photos or a dataset; only --suite world and masks need none")
        return name
    if name is not None:
        return name
    if (data / SESSIONS).is_file():
        return "magicbrush"
    return "curve" if data.is_dir() and shards_of(data) else "looks"


def check_options(given: Iterable[str], suite: str) -> None:
    """See that no option was given which the suite would pass over: its figures would seem to be of that setting.

    Raises:
        UsageError: naming the first, and the suites that it is for.
    """
    for name in given:
        if suite not in USED_BY.get(name, SUITES):
            said = "DATA" if name == "data" else f"--{name.replace('_', '-')}"
            raise UsageError(
                f"{said} means nothing to --suite {suite}; leave it out (it is for {', '.join(USED_BY[name])})"
            )


def named(text: str) -> list[str]:
    """ "a, b" -> ["a", "b"]."""
    return [name.strip() for name in text.split(",") if name.strip()]


def numbers(text: str, option: str, least: float = 0.01, most: float = 1000.0) -> tuple[float, ...]:
    """ "1,1.5" -> (1.0, 1.5): each from `least` to `most`.

    Raises:
        UsageError: one is no such number.
    """
    found = []
    for part in text.split(","):
        try:
            value = float(part)
        except ValueError:
            value = nan
        if not least <= value <= most:
            raise UsageError(
                f"{option}: {part.strip()!r} is no number from {least:g} to {most:g}; write for instance 0.5,0.9"
            )
        found.append(value)
    return tuple(found)


def models_to_compare(names: Sequence[str], generated: Sequence[Path]) -> list[str]:
    """The checkpoints, each once; `mini` where none is named and no pictures of others are given."""
    return list(dict.fromkeys(names)) or ([] if generated else ["mini"])
