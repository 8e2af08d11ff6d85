"""`--suite world`: held-out scenes of the drawn world, judged by the oracle that reads pictures back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from ip2p_cli.api import EditRequest
from ip2p_eval.candidates import Candidate, edit_all, facts_of
from ip2p_eval.measured import Grid, Measured, Table
from ip2p_eval.shared import Editing, Shared
from ip2p_eval.world.cases import Case, as_picture, held_out_cases
from ip2p_eval.world.controls import copies, dropped_requests, shuffled_requests, truths, unrelated
from ip2p_eval.world.failures import CLASSES, Challenge, challenges
from ip2p_eval.world.judging import judge_image
from ip2p_eval.world.summary import block, by_verb, share, world_tables
from ip2p_gen_data.world.oracle import read
from ip2p_gen_data.world.render import render

SHOWN = 10
Images = list[Image.Image | None]


@dataclass(frozen=True)
class WorldSuite:
    """`scenes` edits, as many of each control, and a tenth as many of each class of failures."""

    scenes: int = 500
    seed: int = 0
    full_resolution: bool = True  # what `ip2p edit` writes; else the model's own pixels

    def run(self, candidates: Sequence[Candidate]) -> Measured:
        """Measure one checkpoint after the other."""
        cases = held_out_cases(self.scenes, self.seed)
        hard = challenges(max(1, self.scenes // 10), self.seed)
        models, columns = [], []
        tables: list[Table] = []
        for candidate in candidates:
            editor = candidate.load()
            edited = self._edit(editor, _requests(cases, self.seed), candidate.name)
            figures = self._figures(editor, candidate.name, cases, edited, hard)
            models.append({"model": candidate.name, **facts_of(editor), **figures})
            tables += world_tables(candidate.name, figures)
            columns.append((candidate.name, edited[:SHOWN]))
        named = {
            "scenes": self.scenes,
            "seed": self.seed,
            "model_res": not self.full_resolution,
            "judge": "the world's oracle",
            "models": models,
        }
        return Measured(named, tuple(tables), (_grid(cases[:SHOWN], columns),))

    def _figures(
        self, editor: Editing, name: str, cases: Sequence[Case], edited: Images, hard: Sequence[Challenge]
    ) -> dict[str, Any]:
        judged = _judge(cases, edited)
        shuffled = self._edit(editor, shuffled_requests(cases, self.seed), f"{name}: shuffled instructions")
        # the model's own pixels: on the way to full size the photo would come back
        dropped = edit_all(editor, dropped_requests(cases, self.seed), f"{name}: image dropped", full_resolution=False)
        controls = {
            "copy": copies(cases),
            "truth": truths(cases),
            "shuffled instructions": _judge(cases, shuffled),
            "image dropped": _judge(cases, dropped),
            "another picture (chance)": unrelated(cases),
        }
        return {
            "overall": block(judged),
            "verbs": by_verb(judged),
            "controls": {control: block(found) for control, found in controls.items()},
            "failure_classes": self._failure_classes(editor, name, hard),
        }

    def _failure_classes(self, editor: Editing, name: str, hard: Sequence[Challenge]) -> dict[str, Any]:
        requests = [EditRequest(Image.fromarray(render(one.scene)), one.instruction, seed=self.seed) for one in hard]
        edited = self._edit(editor, requests, f"{name}: failure classes")
        passed = [
            (one.name, image is not None and one.passed(read(as_picture(image))))
            for one, image in zip(hard, edited, strict=True)
        ]
        return {kind: share(passed.count((kind, True)), sum(each == kind for each, _ in passed)) for kind in CLASSES}

    def _edit(self, editor: Editing, requests: Sequence[EditRequest], label: str) -> Images:
        return edit_all(editor, requests, label, full_resolution=self.full_resolution)


def prepare(shared: Shared, scenes: int) -> WorldSuite:
    """The suite; it brings its own data."""
    return WorldSuite(scenes, shared.seed, shared.full_resolution)


def _requests(cases: Sequence[Case], seed: int) -> list[EditRequest]:
    return [EditRequest(image=case.image, instruction=case.row.instruction, seed=seed) for case in cases]


def _judge(cases: Sequence[Case], edited: Images) -> list[Any]:
    return [judge_image(case, image) for case, image in zip(cases, edited, strict=True)]


def _grid(cases: Sequence[Case], columns: Sequence[tuple[str, Images]]) -> Grid:
    """Before, what each model made of it, and the truth; what the oracle says is in the words below."""
    rows = []
    for place, case in enumerate(cases):
        row = [(case.row.instruction, case.image)]
        for name, edited in columns:
            image = edited[place]
            if image is not None:
                row.append((f"{name}: {_said(case, image)}", image))
        rows.append((*row, ("truth", Image.fromarray(render(case.row.after.scene)))))
    return Grid("samples: before, edited, truth", tuple(rows))


def _said(case: Case, image: Image.Image) -> str:
    judged = judge_image(case, image)
    return ("done" if judged.done else "not done") + (", rest kept" if judged.preserved else ", rest changed")
