"""`--suite emu`: Emu Edit's five metrics, which need no true result, on a dataset with captions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from ip2p_cli.api import EditRequest, progress_bar
from ip2p_eval.candidates import Candidate, facts_of, pictures
from ip2p_eval.encoders import Encoders, load_encoders, named_clip
from ip2p_eval.measured import Grid, Measured
from ip2p_eval.published import check_split, comparable
from ip2p_eval.rows import Row, portions, read_rows
from ip2p_eval.scores import EMU, Values, emu_scores, joined, score_figures, score_table
from ip2p_eval.shared import Editing, Shared

PORTION = 16
SHOWN = 8


@dataclass(frozen=True)
class EmuSuite:
    """All checkpoints on all rows, at their own settings. `split`: what DATA is, for rows published of it."""

    rows: Sequence[Row]
    encoders: Callable[[], Encoders]
    shared: Shared
    split: str | None = None

    def run(self, candidates: Sequence[Candidate]) -> Measured:
        """Measure one checkpoint after the other."""
        encoders = self.encoders()
        models, found, columns = [], [], []
        for candidate in candidates:
            editor = candidate.load()
            values, shown = self._edit(editor, candidate.name, encoders)
            figures = score_figures(values, EMU)
            failed = len(self.rows) - len(values.get("l1", ()))
            models.append({"model": candidate.name, **facts_of(editor), "failed": failed, **figures})
            found.append((candidate.name, figures))
            columns.append((candidate.name, shown))
        published = comparable(self.split, "", encoders.ids)
        notes = (f"{len(self.rows)} rows; L1 and DINO against the source", *_failed(models), *encoders.notes)
        table = score_table("Emu Edit's metrics", EMU, found, published, notes)
        named = {"rows": len(self.rows), "encoders": encoders.ids, "split": self.split, "models": models}
        named["published"] = [vars(row) for row in published]
        return Measured(named, (table,), (_grid(self.rows, columns),))

    def _edit(self, editor: Editing, name: str, encoders: Encoders) -> tuple[Values, list[Image.Image | None]]:
        """Scores of the edits that did not fail, and the first pictures."""
        parts: list[Values] = []
        shown: list[Image.Image | None] = []
        every = list(portions(self.rows, PORTION))
        for rows in progress_bar(every, total=len(every), label=name):
            requests = [EditRequest(row.source, row.instruction, seed=self.shared.seed) for row in rows]
            edited = list(pictures(editor, requests, full_resolution=self.shared.full_resolution))
            shown += edited[: max(0, SHOWN - len(shown))]
            there = [(row, image) for row, image in zip(rows, edited, strict=True) if image is not None]
            if there:
                kept, images = zip(*there, strict=True)
                parts.append(emu_scores(encoders, kept, images))
        return joined(parts), shown


def prepare(shared: Shared, data: Path, clip: str | None, dino: str | None, split: str | None) -> EmuSuite:
    """The suite for a dataset. Raises UsageError for one without captions, and for an unknown split."""
    check_split(split)
    encoders = partial(load_encoders, named_clip(clip), dino, device=shared.device, offline=shared.offline)
    return EmuSuite(read_rows(data, shared.limit), encoders, shared, split)


def _failed(models: Sequence[dict[str, Any]]) -> list[str]:
    return [f"{one['model']}: {one['failed']} edits failed and are left out" for one in models if one["failed"]]


def _grid(rows: Sequence[Row], columns: Sequence[tuple[str, Sequence[Image.Image | None]]]) -> Grid:
    shown: list[tuple[tuple[str, Image.Image], ...]] = []
    for place, row in enumerate(rows[:SHOWN]):
        outputs = [(name, images[place]) for name, images in columns]
        shown.append(((row.instruction, row.source), *((name, image) for name, image in outputs if image)))
    return Grid("samples: before, then each model", tuple(shown))
