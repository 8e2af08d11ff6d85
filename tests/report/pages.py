"""Pages for tests: outcomes that need no run, pictures that need no editor."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from PIL import Image

from ip2p_cli.events import Summary
from ip2p_cli.report import Report
from ip2p_cli.report.items import item_facts
from ip2p_cli.report.page import Page, _encoded
from ip2p_cli.report.previews import Pair
from ip2p_cli.sources import SourceReader
from ip2p_cli.types import EditJob, Outcome, Source, Step, StepSettings

PHOTOS = Path(__file__).parents[2] / "examples" / "photos"


def outcome_of(
    source: Path,
    output: Path,
    instructions: Sequence[str] = ("make it night",),
    status: str = "done",
    reason: str | None = None,
    relative: str | None = None,
    **job: Any,
) -> Outcome:
    steps = tuple(Step(text, StepSettings(steps=5)) for text in instructions)
    planned = EditJob(Source(source, PurePosixPath(relative or source.name)), output, steps, **job)
    change = {} if status in ("skipped", "failed", "blocked") else {"pixels": 0.25}
    return Outcome(planned, status, "mini", 1.5, reason, change)


def write_page(path: Path, outcomes: Sequence[Outcome]) -> Path:
    """The page as a run over these outcomes makes it."""
    summary, report = Summary(), Report([Page(path, "edited", StepSettings(8, 2.5, 1.2, "ddim"))], SourceReader())
    for outcome in outcomes:
        summary.add(outcome)
        report.outcome(outcome)
    report.finish(summary)
    return path


def read_page(path: Path) -> dict[str, Any]:
    """What the page's script reads, with each item's pictures as bytes."""
    text = path.read_text(encoding="utf-8")
    [data] = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    page: dict[str, Any] = json.loads(data)
    for number, pictures in re.findall(r'<script type="text/plain" id="p(\d+)">(.*?)</script>', text, re.DOTALL):
        page["items"][int(number)]["pictures"] = [base64.b64decode(part) for part in pictures.split("\n")]
    return page


def write_long_page(path: Path, count: int) -> Path:
    """A page of real previews, of the four example photos over and over: edits are left out, their weight is not."""
    page, summary = Page(path, "edited"), Summary()
    known: dict[tuple[int, int], tuple[bytes, bytes]] = {}
    photos = [Image.open(photo).convert("RGB") for photo in sorted(PHOTOS.glob("*.jpg"))]
    for number in range(count):
        photo, side = number % len(photos), page.side(number)
        picture = photos[photo]
        if (photo, side) not in known:
            after = picture.point(lambda value: 255 - value)
            known[photo, side] = _encoded(Pair(picture, after).within(side))
        outcome = outcome_of(Path(f"/photos/photo-{number}.jpg"), Path(f"/edited/photo-{number}.jpg"), seed=number)
        summary.add(outcome)
        facts = {**item_facts(outcome, None, path.parent), "size": picture.size, "links": []}
        facts["change"] = {"pixels": (number * 7919 % 1000) / 1000}
        page.add_encoded(number, facts, known[photo, side])
    page.finish(summary)
    return path
