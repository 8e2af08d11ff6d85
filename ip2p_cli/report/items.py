"""An outcome as the page's script reads it: plain texts (never markup), figures, and links that stay links."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ip2p_cli.events import STANDARD_STREAM, source_name
from ip2p_cli.printable import one_line
from ip2p_cli.report.previews import Pair
from ip2p_cli.types import Outcome, Step, StepSettings

_SETTINGS = ("steps", "text_guidance", "image_guidance", "sampler")


def item_facts(outcome: Outcome, pair: Pair | None, folder: Path) -> dict[str, Any]:
    """All that the page, which lies in `folder`, tells of one item."""
    job = outcome.job
    facts: dict[str, Any] = {
        "name": one_line(str(job.source.relative)),
        "source": one_line(source_name(outcome)),
        "output": STANDARD_STREAM if job.output is None else one_line(str(job.output)),
        "status": outcome.status,
        "chain": [_step(step) for step in job.steps],
        "seed": job.seed,
        "variant": job.variant,
        "model": one_line(outcome.model),
        "seconds": round(outcome.seconds, 2),
        "change": {name: round(float(value), 4) for name, value in _change(outcome, pair).items()},
    }
    if job.recipe is not None:
        facts["recipe"] = one_line(job.recipe)
    if outcome.reason:
        facts["reason"] = one_line(outcome.reason)
    if pair is not None:
        facts["size"] = pair.before.size
        facts["links"] = [link(path, folder) for path in (job.source.path, job.output) if path is not None]
    return facts


def settings_facts(settings: StepSettings) -> dict[str, Any]:
    """The settings that were given; the others are the checkpoint's own."""
    given = {name: getattr(settings, name) for name in _SETTINGS}
    return {name: one_line(v) if isinstance(v, str) else v for name, v in given.items() if v is not None}


def as_json(value: object) -> bytes:
    """JSON that can stand inside a script element: nothing in it opens or closes a tag or a comment."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026").encode("ascii")


def link(path: Path, folder: Path) -> str:
    """A URL of `path` relative to `folder`, so that both may move together; absolute on another drive."""
    try:
        relative = os.path.relpath(path, folder).replace(os.sep, "/")
    except ValueError:
        return path.as_uri()
    return "./" + quote(os.fsencode(relative))


def _step(step: Step) -> dict[str, Any]:
    return {"instruction": one_line(step.instruction), **settings_facts(step.settings)}


def _change(outcome: Outcome, pair: Pair | None) -> Mapping[str, float]:
    if outcome.change or pair is None:
        return outcome.change
    return {"pixels": pair.difference}
