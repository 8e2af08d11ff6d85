"""Calls of plugins that might hang: each gets a thread of its own, and so much time.

Python cannot end a thread. One that is late is left behind: its answer counts for nothing, its plugin is asked nothing
more until it has come back, and the process does not wait for it to end (`any_left_behind`). Against native code that
hangs without giving up the interpreter's lock no thread helps.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

LIMIT = 120.0  # seconds; a check may load a model when it is first asked
_NAME = "plugin "  # of a thread, before the plugin's own
T = TypeVar("T")


class NoAnswer(Exception):
    """A plugin has not answered in time, or is still busy with what it was too late for."""


class TimeLimit:
    """Waits for plugins, `seconds` at most for each call. A plugin is called by one thread at a time."""

    def __init__(self, seconds: float = LIMIT) -> None:
        self._seconds = seconds
        self._late: dict[str, Future[object]] = {}

    def call(self, plugin: str, function: Callable[[], T]) -> T:
        """What `function` of `plugin` gives or raises.

        Raises:
            NoAnswer: it takes too long.
        """
        late = self._late.get(plugin)
        if late is not None and not late.done():
            raise NoAnswer("still busy with an earlier question, for which it had too long")
        answer: Future[T] = Future()
        threading.Thread(target=_answer, args=(function, answer), name=f"{_NAME}{plugin}", daemon=True).start()
        wait([answer], self._seconds)
        if not answer.done():
            self._late[plugin] = answer  # type: ignore[assignment]  # a Future of anything
            raise NoAnswer(f"no answer within {self._seconds:g} s; check_seconds allows more")
        return answer.result()


def any_left_behind() -> bool:
    """Whether a plugin is still busy. Native code may then abort the process where Python tidies up before it ends."""
    return any(thread.name.startswith(_NAME) for thread in threading.enumerate())


def _answer(function: Callable[[], T], answer: Future[T]) -> None:
    try:
        answer.set_result(function())
    except Exception as problem:
        answer.set_exception(problem)
    except BaseException as problem:  # a plugin's SystemExit must not end the run as if all were well
        answer.set_exception(RuntimeError(f"{type(problem).__name__}: {problem}"))
