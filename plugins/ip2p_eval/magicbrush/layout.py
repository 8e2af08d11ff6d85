"""Where MagicBrush keeps its pictures, and what generated ones are called, so that its own script can score them too.

FOLDER/edit_sessions.json         {"139": [{"input", "mask", "output", "instruction"}, …], …}
FOLDER/local_descriptions.json    {"139": {"139-output1.png": "…"}, …}, for CLIP-T
FOLDER/images/139/139-input.png   139-output1.png 139-output2.png …: true results, turn by turn

GENERATED/139/139_1.png           of the first turn
GENERATED/139/139_inde_2.png      of the second, from the true result of the first
GENERATED/139/139_iter_2.png      of the second, from 139_1.png
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ip2p_cli.api import UsageError

SESSIONS, CAPTIONS = "edit_sessions.json", "local_descriptions.json"
TEST = (535, 1053)  # sessions and turns of the test split


@dataclass(frozen=True)
class Turn:
    """One edit of a session."""

    source: Path
    instruction: str
    target: Path
    caption: str | None  # the local description of the true result


@dataclass(frozen=True)
class Session:
    """A picture and its edits, each of which goes on from the one before."""

    name: str
    turns: tuple[Turn, ...]

    def independent(self, turn: int) -> str:
        """File name of turn 0, 1 … made from the true result before it."""
        return f"{self.name}_{'inde_' if turn else ''}{turn + 1}.png"

    def iterative(self, turn: int) -> str:
        """File name of turn 0, 1 … made from the generated one before it."""
        return f"{self.name}_{'iter_' if turn else ''}{turn + 1}.png"


def read_sessions(folder: Path, limit: int | None = None) -> list[Session]:
    """The sessions of a split, in the file's order; with a limit that many, spread evenly.

    Raises:
        UsageError: it is not laid out so, or a picture is missing.
    """
    stored = _json(folder / SESSIONS)
    captions = _json(folder / CAPTIONS) if (folder / CAPTIONS).exists() else {}
    names = list(stored)
    if limit is not None and limit < len(names):
        names = [names[place * len(names) // limit] for place in range(limit)]
    try:
        return [_session(folder / "images", name, stored[name], captions.get(name, {})) for name in names]
    except (KeyError, TypeError, AttributeError) as problem:
        raise UsageError(f"{folder / SESSIONS} is not MagicBrush's ({problem!r}); unpack the dataset again") from None


def is_test_split(sessions: list[Session]) -> bool:
    """Whether these are as many sessions and turns as the test split has, which papers report on."""
    return (len(sessions), sum(len(session.turns) for session in sessions)) == TEST


def _session(images: Path, name: str, turns: list[dict[str, str]], captions: dict[str, str]) -> Session:
    found = []
    for turn in turns:
        source, target = (_picture(images, turn[key]) for key in ("input", "output"))
        found.append(Turn(source, turn["instruction"], target, captions.get(turn["output"])))
    return Session(name, tuple(found))


def _picture(images: Path, name: str) -> Path:
    path = images / name.split("-")[0] / name
    if not path.is_file():
        raise UsageError(f"{path} is missing; unpack MagicBrush's {images.parent.name} split again")
    return path


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as problem:
        raise UsageError(f"{path} cannot be read ({problem}); DATA has to be a split of MagicBrush, unpacked") from None
    if not isinstance(found, dict) or not found:
        raise UsageError(f"{path} holds no sessions; DATA has to be a split of MagicBrush, unpacked")
    return found
