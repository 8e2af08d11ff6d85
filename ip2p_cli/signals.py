"""Ctrl-C and SIGTERM: the first lets the run finish what it has in hand, the second ends it at once."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any


class StopRequest:
    """A context in which SIGINT and SIGTERM set `signal_number` instead of raising.

    `last_words` runs before a second signal ends the process: it must leave no half-written files. `in_hand` is what
    the run says that it finishes first.
    """

    def __init__(
        self, last_words: Callable[[], None], *, quiet: bool = False, in_hand: str = "the photos in hand"
    ) -> None:
        self.signal_number: int | None = None
        self._last_words = last_words
        self._quiet = quiet
        self._in_hand = in_hand
        self._before: dict[int, Any] = {}

    @property
    def requested(self) -> bool:
        """Whether the run should come to an end."""
        return self.signal_number is not None

    @property
    def exit_code(self) -> int:
        """128 + the signal's number, as shells have it."""
        return 128 + (self.signal_number or 0)

    def __enter__(self) -> StopRequest:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, of_this_process(self._handle))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            self._last_words()
            if sys.stderr.isatty():
                _say("\x1b[?25h")  # the progress bar has hidden the cursor
            os._exit(128 + number)
        self.signal_number = number
        if not self._quiet:
            _say(f"\nstopping after {self._in_hand}; once more stops at once\n")


def of_this_process(handler: Callable[[int, FrameType | None], None]) -> Callable[[int, FrameType | None], None]:
    """A signal handler that what is forked from this process does not take over.

    There SIGTERM ends it, as who has started it expects (a pool of multiprocessing would wait for ever), and SIGINT,
    which a terminal sends to parents and children alike, is the parent's matter.
    """
    own = os.getpid()

    def handle(number: int, frame: FrameType | None) -> None:
        if os.getpid() == own:
            handler(number, frame)
        elif number == signal.SIGTERM:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    return handle


def _say(text: str) -> None:
    # Not print: the signal may have come in the middle of one, and streams cannot be entered twice.
    with contextlib.suppress(OSError):
        os.write(2, text.encode())
