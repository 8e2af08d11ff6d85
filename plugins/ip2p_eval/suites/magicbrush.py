"""`--suite magicbrush`: MagicBrush's five metrics on one of its splits, in both of its settings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from ip2p_cli.api import read_photo
from ip2p_eval.candidates import Candidate, facts_of
from ip2p_eval.encoders import Encoders, load_encoders, named_clip
from ip2p_eval.magicbrush.generate import generate
from ip2p_eval.magicbrush.layout import CAPTIONS, Session, is_test_split, read_sessions
from ip2p_eval.magicbrush.scoring import SETTINGS, check_complete, pairs, score
from ip2p_eval.measured import Grid, Measured, Table
from ip2p_eval.published import MAGICBRUSH_TEST, check_split, comparable
from ip2p_eval.scores import MAGICBRUSH, score_figures, score_table
from ip2p_eval.shared import Shared

SHOWN = 6
FOLDER = "magicbrush"  # of the generated pictures, under the output


@dataclass(frozen=True)
class MagicBrushSuite:
    """Checkpoints edit every session; folders of pictures that somebody else generated are scored as they are."""

    sessions: Sequence[Session]
    encoders: Callable[[], Encoders]
    shared: Shared
    generated: tuple[Path, ...] = ()
    split: str | None = None

    def run(self, candidates: Sequence[Candidate]) -> Measured:
        """Generate and score one after the other."""
        encoders = self.encoders()
        split = self.split or (MAGICBRUSH_TEST if is_test_split(list(self.sessions)) else None)
        models, columns = [], []
        for name, folder, facts in self._folders(candidates):
            scored = {setting: self._score(encoders, name, folder, setting) for setting in SETTINGS}
            models.append({"model": name, **facts, **scored})
            columns.append((name, folder))
        tables = tuple(self._table(encoders, setting, split, models) for setting in SETTINGS)
        turns = sum(len(session.turns) for session in self.sessions)
        named = {"sessions": len(self.sessions), "turns": turns, "split": split, "encoders": encoders.ids}
        return Measured({**named, "models": models}, tables, (_grid(self.sessions[:SHOWN], columns),))

    def _folders(self, candidates: Sequence[Candidate]) -> Iterator[tuple[str, Path, dict[str, Any]]]:
        """Name, folder of pictures, and what is known of their maker."""
        for candidate in candidates:
            folder = self.shared.output / FOLDER / (re.sub(r"[^\w.-]+", "-", candidate.name).strip("-") or "model")
            editor = candidate.load()
            wishes: dict[str, Any] = {"seed": self.shared.seed, "full_resolution": self.shared.full_resolution}
            generate(editor, self.sessions, folder, candidate.name, **wishes)
            yield candidate.name, folder, facts_of(editor)
        for folder in self.generated:
            yield folder.name, folder, {"generated": str(folder)}

    def _score(self, encoders: Encoders, name: str, folder: Path, setting: str) -> dict[str, Any]:
        compared = pairs(self.sessions, folder, setting)
        values = score(encoders, compared, f"{name}, {setting}")
        return {"failed": len(compared) - len(values.get("l1", ())), **score_figures(values, MAGICBRUSH)}

    def _table(self, encoders: Encoders, setting: str, split: str | None, models: Sequence[dict[str, Any]]) -> Table:
        found = [(model["model"], model[setting]) for model in models]
        failed = [
            f"{name}: {figures['failed']} edits failed and are left out" for name, figures in found if figures["failed"]
        ]
        no_captions = all(turn.caption is None for session in self.sessions for turn in session.turns)
        missing = [f"no CLIP-T: {CAPTIONS} is not there; it comes with the dev and test splits"] if no_captions else []
        notes = (*failed, *encoders.notes, *missing)
        title = f"MagicBrush, {setting}, against the true result"
        return score_table(title, MAGICBRUSH, found, comparable(split, setting, encoders.ids), notes)


def prepare(
    shared: Shared, data: Path, clip: str | None, dino: str | None, generated: Sequence[Path], split: str | None
) -> MagicBrushSuite:
    """The suite for an unpacked split. CLIP has no default here: the world's has never seen a photo.

    Raises:
        UsageError: DATA or a folder of generated pictures is not laid out as it should be, or an unknown split.
    """
    check_split(split)
    sessions = read_sessions(data, shared.limit)
    for folder in generated:
        check_complete(sessions, folder)
    encoders = partial(
        load_encoders, named_clip(clip) if clip else None, dino, device=shared.device, offline=shared.offline
    )
    return MagicBrushSuite(sessions, encoders, shared, tuple(generated), split)


def _grid(sessions: Sequence[Session], columns: Sequence[tuple[str, Path]]) -> Grid:
    """The first turns: before, each model's, and the true result."""
    rows = []
    for session in sessions:
        turn = session.turns[0]
        made = [(name, folder / session.name / session.independent(0)) for name, folder in columns]
        outputs = [(name, read_photo(path)) for name, path in made if path.exists()]
        shown: list[tuple[str, Image.Image]] = [(turn.instruction, read_photo(turn.source)), *outputs]
        rows.append((*shown, ("true result", read_photo(turn.target))))
    return Grid("samples, first turns: before, each model, true result", tuple(rows))
