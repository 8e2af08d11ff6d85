"""How far a stage is: a bar with rate and ETA on a terminal, a line now and then in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable

SECONDS_BETWEEN_LINES = 30.0


def show(progress: Iterable[tuple[int, int]], label: str) -> None:
    """Run a stage that tells (done, of how many) as it goes, and draw that on stderr."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    if not console.is_terminal:
        _lines(progress, label)
        return
    rate = TextColumn("{task.fields[rate]:.2f}/s")
    columns = TextColumn(label), BarColumn(), MofNCompleteColumn(), rate, TimeElapsedColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(label, total=None, rate=0.0)
        for done, total in progress:
            bar.update(task, completed=done, total=total, rate=bar.tasks[0].speed or 0.0)


def _lines(progress: Iterable[tuple[int, int]], label: str) -> None:
    started = last = time.monotonic()
    first: int | None = None
    for done, total in progress:
        now = time.monotonic()
        if first is None:
            first, started = done, now  # what an earlier run has done does not count into the rate
        elif now - last >= SECONDS_BETWEEN_LINES:
            last, rate = now, (done - first) / (now - started)
            left = f"{(total - done) / rate / 60:.0f} min left" if rate else "no end in sight"
            print(f"{label}: {done} of {total}, {rate:.2f}/s, {left}", file=sys.stderr, flush=True)
