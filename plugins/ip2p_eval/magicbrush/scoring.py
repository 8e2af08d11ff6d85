"""Generated pictures against the true results: single-turn (every turn by itself) and multi-turn (the last one)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ip2p_cli.api import UsageError, progress_bar, read_photo
from ip2p_eval.encoders import Encoders
from ip2p_eval.rows import portions
from ip2p_eval.scores import Values, joined, magicbrush_scores

from .layout import Session, Turn

PORTION = 16
SETTINGS = ("single-turn", "multi-turn")


@dataclass(frozen=True)
class Pair:
    """A generated picture and the turn whose true result it should be."""

    generated: Path
    turn: Turn


def pairs(sessions: Sequence[Session], folder: Path, setting: str) -> list[Pair]:
    """What is compared: all turns made from true results, or the last one of each chain."""
    if setting == "single-turn":
        return [
            Pair(folder / one.name / one.independent(number), turn)
            for one in sessions
            for number, turn in enumerate(one.turns)
        ]
    return [Pair(folder / one.name / one.iterative(len(one.turns) - 1), one.turns[-1]) for one in sessions]


def check_complete(sessions: Sequence[Session], folder: Path) -> None:
    """Raises UsageError where a picture that somebody else has generated is missing."""
    for setting in SETTINGS:
        for pair in pairs(sessions, folder, setting):
            if not pair.generated.is_file():
                raise UsageError(f"{pair.generated} is missing; --generated needs every turn, named as MagicBrush does")


def score(encoders: Encoders, compared: Sequence[Pair], label: str) -> Values:
    """The metrics of those pictures that are there."""
    there = [pair for pair in compared if pair.generated.is_file()]
    every = list(portions(there, PORTION))
    parts = []
    for part in progress_bar(every, total=len(every), label=label):
        generated, targets = ([read_photo(path) for path in paths] for paths in _paths(part))
        parts.append(magicbrush_scores(encoders, generated, targets, [pair.turn.caption for pair in part]))
    return joined(parts)


def _paths(part: Sequence[Pair]) -> tuple[list[Path], list[Path]]:
    return [pair.generated for pair in part], [pair.turn.target for pair in part]
