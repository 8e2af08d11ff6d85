"""Figures from papers, shown beside one's own where they were measured on the same pictures by the same networks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import tomli

from ip2p_cli.api import UsageError

MAGICBRUSH_TEST, EMU_TEST = "magicbrush-test", "emu-edit-test"
_ENCODED_BY = {
    "clip_dir": "clip",
    "clip_im": "clip",
    "clip_out": "clip",
    "clip_i": "clip",
    "clip_t": "clip",
    "dino": "dino",
}


@dataclass(frozen=True)
class Published:
    """One row of a paper's table. An encoder is "" where its paper does not say which it was."""

    model: str
    split: str
    setting: str  # "single-turn", "multi-turn"; "" where there is but one
    source: str  # paper and table
    clip: str
    dino: str
    values: Mapping[str, float]
    note: str = ""


@lru_cache(maxsize=1)
def every() -> tuple[Published, ...]:
    """All rows."""
    data = tomli.loads(files("ip2p_eval").joinpath("published.toml").read_text("utf-8"))
    return tuple(Published(**row) for row in data["row"])


def comparable(split: str | None, setting: str, encoders: Mapping[str, str]) -> list[Published]:
    """The rows of a split, each with those metrics only whose network is one's own; pixel distances need none."""
    found = []
    for row in every():
        values = {name: value for name, value in row.values.items() if _agrees(row, name, encoders)}
        if (row.split, row.setting) == (split, setting) and values:
            found.append(Published(**{**vars(row), "values": values}))
    return found


def check_split(name: str | None) -> str | None:
    """A split that there are rows of, or None. Raises UsageError for another."""
    known = sorted({row.split for row in every()})
    if name is not None and name not in known:
        raise UsageError(f"--split {name}: nothing is published of that; there are: {', '.join(known)}")
    return name


def _agrees(row: Published, metric: str, encoders: Mapping[str, str]) -> bool:
    kind = _ENCODED_BY.get(metric)
    return kind is None or getattr(row, kind) == encoders.get(kind, "none")
