"""Runs an editor over photos and local instructions, and judges what comes back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from ip2p_cli.api import EditRequest, EditResult, UsageError, read_photo
from ip2p_eval.local.cases import KINDS, Ask, asks
from ip2p_eval.local.drawings import paste
from ip2p_eval.local.judge import Subject, Verdict, judge
from ip2p_eval.shared import Editing

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class Judged:
    """One edit, with the pictures that were judged."""

    ask: Ask
    instruction: str
    verdict: Verdict
    before: Image
    after: Image | None  # None: the edit failed

    @property
    def both(self) -> bool:
        return self.verdict.confined and self.verdict.there


def choose(names: Sequence[str]) -> tuple[Ask, ...]:
    """All cases, or those of the families (`add-moon`) or kinds (`remove`) named. Raises UsageError for other names."""
    known = {ask.family for ask in asks()} | set(KINDS)
    unknown = sorted(set(names) - known)
    if unknown:
        raise UsageError(f"unknown family {unknown[0]!r}; there are: {', '.join([*KINDS, *_families()])}")
    return tuple(ask for ask in asks() if not names or ask.family in names or ask.kind in names)


def subject_of(ask: Ask, photo: Image, name: str, identity: Image | None = None) -> Subject:
    """The photo, with the thing in it that the edit concerns; the same place on every run and machine."""
    if ask.kind == "add":
        return Subject(photo, identity=identity)
    digest = blake2b(f"{name}\0{ask.thing}".encode(), digest_size=2).digest()
    pasted = paste(photo, ask.thing, ask.pasted_colour, int.from_bytes(digest, "big") / 65535)
    return Subject(photo, pasted, identity)


def run_suite(
    editor: Editing, photos: Sequence[Path], cases: Sequence[Ask], *, seed: int = 0, full_resolution: bool = True
) -> Iterator[list[Judged]]:
    """Ask every case of every photo; yields a photo's judgements as soon as they are made."""
    for path in photos:
        photo = read_photo(path)
        nothing = EditRequest(image=photo, instruction="", seed=seed, text_guidance=1.0, image_guidance=1.0)
        [unasked] = editor.edit_each([nothing], full_resolution=full_resolution)
        identity = unasked.image if isinstance(unasked, EditResult) else None
        subjects = [subject_of(ask, photo, path.name, identity) for ask in cases]
        texts = [ask.wording_for(path.name) for ask in cases]
        requests = [
            EditRequest(image=subject.asked_of, instruction=text, seed=seed)
            for subject, text in zip(subjects, texts, strict=True)
        ]
        results = editor.edit_each(requests, full_resolution=full_resolution)
        judged = []
        for ask, text, subject, result in zip(cases, texts, subjects, results, strict=True):
            after = result.image if isinstance(result, EditResult) else None
            verdict = Verdict(False, False, 0.0) if after is None else judge(ask, subject, after)
            judged.append(Judged(ask, text, verdict, subject.asked_of, after))
        yield judged


def _families() -> list[str]:
    return list(dict.fromkeys(ask.family for ask in asks()))
