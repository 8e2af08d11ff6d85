"""What is audited: photos and instructions, or folders that a run has left."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ip2p_bias.copies import without_copies
from ip2p_bias.instructions import check_instructions, read_instructions
from ip2p_bias.pictures import Editor, Pictures, edit_photos, edited_folders, read_folders
from ip2p_cli.api import MissingExtra, UsageError
from ip2p_eval.candidates import facts_of
from ip2p_eval.photos import choose_photos


@dataclass(frozen=True)
class Plan:
    """The photos and what is, or was, asked of them."""

    photos: Sequence[Path]  # no two of them the same file
    copies: tuple[str, ...]  # what was left out for that, and which photo stays
    instructions: tuple[str, ...]  # of folders, their names
    null: str | None  # None: no null edits
    edited: tuple[Path, ...] = ()  # a folder for each instruction; empty: the edits are to be made
    null_folder: Path | None = None


@dataclass(frozen=True)
class Made:
    """Pictures, as they come, and what they were made with."""

    pictures: Iterator[Pictures]
    facts: Mapping[str, Any]


def check_extra() -> None:
    """See that the statistics and the plot can be made, before there is anything to lose.

    Raises:
        MissingExtra: a package is missing.
    """
    if not all(map(find_spec, ("matplotlib", "scipy", "statsmodels"))):
        raise MissingExtra("the audit", "audit")


def plan_edits(
    photos: Path | None, instructions: Path | None, null: str, limit: int | None, null_edits: Path | None
) -> Plan:
    """Edits to be made.

    Raises:
        UsageError: photos or instructions are missing, or an instruction is blocked by a check.
    """
    if photos is None or instructions is None:
        raise UsageError("name a folder of photos and --instructions FILE, or audit what a run has left by --pairs")
    if null_edits is not None:
        raise UsageError("--null-edits belongs to --pairs; here null edits are made by --null-instruction")
    asked = read_instructions(instructions)
    check_instructions((null, *asked))
    return Plan(*without_copies(choose_photos(photos, limit)), asked, null)


def plan_folders(pairs: tuple[Path, Path], null: Path | None, limit: int | None, more: Path | None) -> Plan:
    """Edits that are there.

    Raises:
        UsageError: photos or instructions are named as well (`more`), or the folders do not belong together.
    """
    if more is not None:
        raise UsageError(f"--pairs audits what is there already; leave {more} out")
    before, after = pairs
    photos = choose_photos(before, limit)
    edited = tuple(edited_folders(after, photos))
    if null is not None:
        null = edited_folders(null, photos)[0]
    names = tuple(folder.resolve().name for folder in edited)
    return Plan(*without_copies(photos), names, None if null is None else null.resolve().name, edited, null)


def make_pictures(plan: Plan, model: str, load: Callable[[str], Editor], settings: dict[str, Any]) -> Made:
    """The plan's pictures; the model is loaded if there is something to edit."""
    if plan.edited:
        return Made(read_folders(plan.photos, plan.edited, plan.null_folder), {})
    editor = load(model)
    assert plan.null is not None
    known = {name: value if value is not None else getattr(editor.defaults, name) for name, value in settings.items()}
    pictures = edit_photos(editor, plan.photos, plan.instructions, plan.null, settings)
    return Made(pictures, {"model": model, **facts_of(editor), **known})
