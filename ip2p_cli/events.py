"""What a run reports: JSONL events for programs, counts for the exit code."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Protocol, TextIO

from ip2p_cli.errors import EXIT_ITEMS_FAILED, EXIT_OK, EnvironmentStop
from ip2p_cli.types import Outcome, StepSettings, Try

STATUSES = ("done", "skipped", "flagged", "blocked", "failed")
STANDARD_STREAM = "-"


class Listener(Protocol):
    """Told of every outcome, in the order of the plan."""

    def outcome(self, outcome: Outcome) -> None:
        """One job has ended."""

    def finish(self, summary: Summary) -> None:
        """The run has ended, also when it was stopped."""


class Summary:
    """How many jobs ended how."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.seconds = 0.0
        self.stopped = False  # by a signal or an error, before everything was done

    def add(self, outcome: Outcome) -> None:
        """Count one outcome."""
        self.counts[outcome.status] += 1

    @property
    def exit_code(self) -> int:
        """0 unless some failed or were blocked."""
        return EXIT_ITEMS_FAILED if self.counts["failed"] or self.counts["blocked"] else EXIT_OK


def source_name(outcome: Outcome) -> str:
    """The source as people and programs read it."""
    path = outcome.job.source.path
    return STANDARD_STREAM if path is None else str(path)


def item_event(outcome: Outcome) -> dict[str, object]:
    """The event of one job."""
    job = outcome.job
    return {
        "event": "item",
        "source": source_name(outcome),
        "output": STANDARD_STREAM if job.output is None else str(job.output),
        "status": outcome.status,
        "seed": job.seed,
        "variant": job.variant,
        "instructions": [step.instruction for step in job.steps],
        "model": outcome.model,
        "seconds": round(outcome.seconds, 3),
        "reason": outcome.reason,
        "change": _rounded(outcome.change),
        "scores": _rounded(outcome.scores),
        "settings": [_set(asdict(each)) for each in outcome.settings],
        "tries": [_try_fact(one) for one in outcome.tries],
    }


def _try_fact(one: Try) -> dict[str, object]:
    """The scales of the last step, and of a chain those of each."""
    chain = {"chain": [_scales(each) for each in one.chain]} if len(one.chain) > 1 else {}
    return {**_scales(one.settings), **chain, **_rounded(one.scores)}


def _scales(settings: StepSettings) -> dict[str, object]:
    return {"text_guidance": settings.text_guidance, "image_guidance": settings.image_guidance}


def _set(settings: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in settings.items() if value is not None}


def _rounded(figures: Mapping[str, float]) -> dict[str, float]:
    return {name: round(float(figure), 6) for name, figure in figures.items()}


def summary_event(summary: Summary) -> dict[str, object]:
    """The last event of a run."""
    counts: dict[str, object] = {status: summary.counts[status] for status in STATUSES}
    if summary.counts["planned"]:
        counts["planned"] = summary.counts["planned"]
    return {"event": "summary", **counts, "seconds": round(summary.seconds, 3)}


class JsonLines:
    """Writes events as JSON lines, each flushed at once."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def outcome(self, outcome: Outcome) -> None:
        """Write the event of one job."""
        self._write(item_event(outcome))

    def finish(self, summary: Summary) -> None:
        """Write the last event."""
        self._write(summary_event(summary))

    def _write(self, event: dict[str, object]) -> None:
        try:
            # Escaped to ASCII: a file name that is not UTF-8 must not break the stream.
            self._stream.write(json.dumps(event, ensure_ascii=True) + "\n")
            self._stream.flush()
        except OSError as problem:
            reason = problem.strerror or "nobody reads them any more"
            raise EnvironmentStop(f"cannot write events to stdout: {reason}; run the same command again") from None
