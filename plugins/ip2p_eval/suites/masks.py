"""`--suite masks`: is the model's own mask (`edit --auto-mask`) where an edit of one thing belongs?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ip2p_cli.api import EditRequest, EditResult, progress_bar
from ip2p_eval.candidates import PORTION, Candidate, facts_of
from ip2p_eval.measured import Grid, Measured, Table, percent
from ip2p_eval.shared import Editing, Shared
from ip2p_eval.world.cases import Case, held_out_cases
from ip2p_eval.world.regions import LOCAL, Masked, compare, summarise

SHOWN = 10
HEADER = ("model", "edits", "overlap (IoU)", "unrelated change", "with mask", "times less", "done", "with mask")


@dataclass(frozen=True)
class MaskSuite:
    """`scenes` held-out scenes of the world, each with an edit of one thing."""

    scenes: int
    seed: int = 0

    def run(self, candidates: Sequence[Candidate]) -> Measured:
        """Measure one checkpoint after the other."""
        cases = _local_cases(self.scenes, self.seed)
        models, rows, grids = [], [], []
        for candidate in candidates:
            editor = candidate.load()
            both = _edit_twice(editor, cases, self.seed, candidate.name)
            found = [compare(case, free, kept) for case, free, kept in both]
            figures = summarise(found)
            models.append({"model": candidate.name, **facts_of(editor), **figures})
            rows.append(_row(candidate.name, found, figures))
            grids.append(_grid(candidate.name, both[:SHOWN]))
        named = {"scenes": self.scenes, "seed": self.seed, "model_res": True, "models": models}
        table = Table("world, edits of one thing, held-out scenes and wordings", HEADER, tuple(rows))
        return Measured(named, (table,), tuple(grids))


def prepare(shared: Shared, scenes: int) -> MaskSuite:
    """The suite; it brings its own data."""
    return MaskSuite(scenes, shared.seed)


def _local_cases(count: int, seed: int) -> list[Case]:
    """Of three scenes in four the edit is of one thing, or nearly so; the others are passed over."""
    return [case for case in held_out_cases(2 * count, seed) if case.row.edit.verb in LOCAL][:count]


def _edit_twice(
    editor: Editing, cases: Sequence[Case], seed: int, label: str
) -> list[tuple[Case, EditResult, EditResult]]:
    """Each case without and with the mask; where either fails, it is left out."""
    requests = [EditRequest(image=case.image, instruction=case.row.instruction, seed=seed) for case in cases]
    starts = range(0, len(cases), PORTION)
    done = []
    for start in progress_bar(starts, total=len(starts), label=label):
        part = requests[start : start + PORTION]
        free = editor.edit_each(part, full_resolution=False)
        kept = editor.edit_each([replace(request, auto_mask=True) for request in part], full_resolution=False)
        done += list(zip(cases[start : start + PORTION], free, kept, strict=True))
    return [
        (case, one, other) for case, one, other in done if isinstance(one, EditResult) and isinstance(other, EditResult)
    ]


def _row(name: str, found: Sequence[Masked], figures: dict[str, object]) -> tuple[str, ...]:
    done = (percent(figures[key]) for key in ("done_without", "done_with"))  # type: ignore[arg-type]
    keys = ("overlap", "unrelated_change_without", "unrelated_change_with", "times_less")
    return (name, str(len(found)), *(str(figures[key]) for key in keys), *done)


def _grid(name: str, shown: Sequence[tuple[Case, EditResult, EditResult]]) -> Grid:
    rows = []
    for case, free, kept in shown:
        assert kept.mask is not None
        mask = kept.mask.convert("RGB")
        rows.append(
            ((case.row.instruction, case.image), ("free", free.image), ("its mask", mask), ("within", kept.image))
        )
    return Grid(f"{name}: before, edited freely, its own mask, edited within it", tuple(rows))
