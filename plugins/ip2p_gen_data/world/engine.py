"""The world's grammar as an instruction engine: exact, and without a model."""

from __future__ import annotations

from collections.abc import Sequence

from ip2p_cli.api import CaptionTask, EditAnswer

from .captions import NotInGrammar
from .corpus import write_edit


def write_edits(tasks: Sequence[CaptionTask]) -> list[EditAnswer]:
    """An edit of each caption of the world; any other caption is a problem."""
    return [_answer(task) for task in tasks]


def _answer(task: CaptionTask) -> EditAnswer:
    try:
        row = write_edit(task.caption, task.seed)
    except NotInGrammar as problem:
        return EditAnswer(problem=f"not a caption of the world: {problem}", raw=task.caption)
    return EditAnswer(row.edit, row.output, raw=f"{row.edit} -> {row.output}")
