"""Runs an editor over photos and families and judges what comes back; the sums are in figures.py."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ip2p_cli.api import EditRequest, EditResult, UsageError, read_photo
from ip2p_eval.looks.layout import kept
from ip2p_eval.looks.overlaps import overlap
from ip2p_eval.looks.predicates import FAMILIES, PREDICATES, applicable
from ip2p_eval.looks.wordings import wording_for
from ip2p_eval.original import Original

if TYPE_CHECKING:
    from PIL.Image import Image

    from ip2p_eval.shared import Editing


@dataclass(frozen=True)
class Case:
    """One edit to judge."""

    photo: Path
    family: str
    instruction: str
    seed: int


@dataclass(frozen=True)
class Judgement:
    """What the judge says of one case. `failed` edits count as neither followed nor preserved."""

    case: Case
    followed: bool
    preserved: bool
    layout: float  # the score behind `preserved`, in [-1, 1]
    others: dict[str, bool]  # other families that could not honestly hold as well -> whether their predicate passes
    copy_followed: bool  # whether the untouched photo would pass for the edit
    blur_followed: bool  # whether the photo blurred would
    failed: bool = False


@dataclass(frozen=True)
class Judged:
    """A judgement with the pictures it was made of, for the sample sheet."""

    judgement: Judgement
    before: Image
    after: Image | None


def check_families(names: Sequence[str]) -> tuple[str, ...]:
    """All families, or the ones named. Raises UsageError for a name that is none."""
    unknown = sorted(set(names) - set(FAMILIES))
    if unknown:
        raise UsageError(f"unknown family {unknown[0]!r}; there are: {', '.join(FAMILIES)}")
    return tuple(f for f in FAMILIES if f in names) if names else FAMILIES


def plan_cases(photo: Path, original: Original, families: Sequence[str], seed: int) -> list[Case]:
    """The cases of one photo, leaving out families that it already is."""
    fitting = [family for family in families if applicable(original.photo(), family)]
    return [Case(photo, family, wording_for(photo.name, family), seed) for family in fitting]


def judge(case: Case, original: Original, after: Image | None) -> Judgement:
    """Judge one edited image; None means that the edit failed."""
    others = [f for f in FAMILIES if f != case.family and overlap(case.family, f) is None]
    predicate = PREDICATES[case.family]
    copied, softened = (bool(predicate(pair)) for pair in (original.copied, original.blurred))
    if after is None:
        return Judgement(case, False, False, 0.0, dict.fromkeys(others, False), copied, softened, failed=True)
    pair = original.against(after)
    return Judgement(
        case=case,
        followed=bool(predicate(pair)),
        preserved=kept(pair, case.family),
        layout=pair.layout,
        others={f: bool(PREDICATES[f](pair)) for f in others},
        copy_followed=copied,
        blur_followed=softened,
    )


def run_suite(
    editor: Editing, photos: Sequence[Path], families: Sequence[str], *, seed: int = 0, full_resolution: bool = True
) -> Iterator[list[Judged]]:
    """Edit and judge each photo with every family; yields a photo's judgements as soon as they are made."""
    for path in photos:
        image = read_photo(path)
        original = Original(image)
        cases = plan_cases(path, original, families, seed)
        requests = [EditRequest(image=image, instruction=case.instruction, seed=case.seed) for case in cases]
        results = editor.edit_each(requests, full_resolution=full_resolution)
        judged = []
        for case, result in zip(cases, results, strict=True):
            after = result.image if isinstance(result, EditResult) else None
            judged.append(Judged(judge(case, original, after), image, after))
        yield judged


def unrelated_layout(photos: Sequence[Path], families: Sequence[str]) -> float:
    """Share of (photo, next photo) pairs that pass for the same layout under any family's threshold: should be ~0."""
    if len(photos) < 2:
        return 0.0
    passed, before = 0, read_photo(photos[-1])
    for path in photos:  # two of them in memory at a time
        image = read_photo(path)
        pair = Original(before).against(image)
        passed += any(kept(pair, family) for family in families)
        before = image
    return passed / len(photos)
