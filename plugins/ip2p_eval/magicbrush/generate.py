"""Edits the sessions: each turn from the true result before it, and from the generated one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from ip2p_cli.api import EditRequest, read_photo, writing
from ip2p_eval.candidates import edit_all
from ip2p_eval.shared import Editing

from .layout import Session


def generate(
    editor: Editing, sessions: Sequence[Session], folder: Path, label: str, *, seed: int, full_resolution: bool
) -> None:
    """Write every picture of both settings under `folder`; a turn that fails, and what goes on from it, is missing.

    Pictures that an earlier run left are written anew: they may be another checkpoint's.
    """
    for turn in range(max(len(session.turns) for session in sessions)):
        there = [session for session in sessions if turn < len(session.turns)]
        independent = [(one, one.turns[turn].source, one.independent(turn)) for one in there]
        iterative = [(one, folder / one.name / one.iterative(turn - 1), one.iterative(turn)) for one in there if turn]
        for session, _, name in (*independent, *iterative):
            (folder / session.name / name).unlink(missing_ok=True)
        work = [item for item in (*independent, *iterative) if item[1].exists()]
        requests = [EditRequest(read_photo(path), one.turns[turn].instruction, seed=seed) for one, path, _ in work]
        edited = edit_all(editor, requests, f"{label}, turn {turn + 1}", full_resolution=full_resolution)
        for (session, _, name), image in zip(work, edited, strict=True):
            if image is not None:
                _save(image, folder / session.name / name)


def _save(image: Image.Image, path: Path) -> None:
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path)
