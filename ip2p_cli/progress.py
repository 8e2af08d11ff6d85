"""What people see of a run, on stderr: a bar with ETA on a terminal, a line for each failure, a line at the end."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from ip2p_cli.events import STATUSES, Summary, source_name
from ip2p_cli.printable import one_line, say
from ip2p_cli.types import Outcome

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

_WORTH_A_LINE = ("failed", "blocked", "flagged")


class Display:
    """A listener for people. With `quiet` only errors are shown.

    `count` gives the number of jobs; it is asked in a thread of its own, because counting means scanning folders.
    """

    def __init__(self, destination: str, *, quiet: bool = False, count: Callable[[], int] | None = None) -> None:
        self._destination = destination
        self.quiet = quiet
        self._count = count
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Display:
        if not self.quiet and sys.stderr.isatty():
            self._start_bar()
        return self

    def _start_bar(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=_stderr(),
            transient=True,
        )
        task = progress.add_task("editing", total=None)
        progress.start()
        self._progress, self._task = progress, task
        if self._count is not None:
            count = self._count

            def find_total() -> None:
                progress.update(task, total=count())

            threading.Thread(target=find_total, daemon=True).start()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def notice(self, text: str) -> None:
        """A line for people, above the bar if there is one; not shown when quiet."""
        if not self.quiet:
            self._line(text)

    def outcome(self, outcome: Outcome) -> None:
        """Move the bar on; say what went wrong."""
        if outcome.status in _WORTH_A_LINE and not (self.quiet and outcome.status == "flagged"):
            self._line(f"{outcome.status}: {_short(source_name(outcome))}: {outcome.reason}")
        elif outcome.status == "planned":
            flagged = f" (flagged: {outcome.reason})" if outcome.reason else ""
            target = _short(str(outcome.job.output or "stdout"))
            self.notice(f"planned: {_short(source_name(outcome))} -> {target}{flagged}")
        if self._progress is not None and self._task is not None:
            self._progress.advance(self._task)

    def finish(self, summary: Summary) -> None:
        """One line of counts."""
        counts = [f"{summary.counts[status]} {status}" for status in (*STATUSES, "planned") if summary.counts[status]]
        self.notice(
            f"{', '.join(counts) or 'nothing done'} in {summary.seconds:.1f} s; output: {_short(self._destination)}"
        )

    def _line(self, text: str) -> None:
        safe = one_line(text)
        if self._progress is not None:
            self._progress.console.print(safe, markup=False, highlight=False, soft_wrap=True)
        else:
            say(text)


def _short(name: str) -> str:
    """A path under the current folder as one would type it."""
    here = os.getcwd() + os.sep
    return name.removeprefix(here)


def _stderr() -> Console:
    from rich.console import Console

    return Console(stderr=True)
