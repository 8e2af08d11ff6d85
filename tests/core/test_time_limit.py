"""Calls that are waited for, but not for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from ip2p_cli.time_limit import NoAnswer, TimeLimit


@pytest.fixture
def go() -> Iterator[threading.Event]:
    """What the hanging calls of a test wait for; set at its end, so that no thread is left."""
    event = threading.Event()
    yield event
    event.set()


def test_an_answer_in_time_is_given_and_an_error_raised() -> None:
    watch = TimeLimit()
    assert watch.call("a", lambda: 7) == 7
    for error in (ValueError("x"), TimeoutError("the plugin's own")):
        with pytest.raises(type(error), match=str(error)):
            watch.call("a", lambda error=error: (_ for _ in ()).throw(error))


def test_a_plugin_that_would_end_the_process_does_not() -> None:
    def leave() -> None:
        raise SystemExit(0)

    with pytest.raises(RuntimeError, match="SystemExit: 0"):
        TimeLimit().call("a", leave)


def test_a_late_one_is_left_behind_and_asked_nothing_until_it_is_back(go: threading.Event) -> None:
    watch, asked = TimeLimit(0.05), []
    with pytest.raises(NoAnswer, match=r"within 0\.05 s; check_seconds"):
        watch.call("slow", lambda: go.wait(60))
    started = time.monotonic()
    for _ in range(100):
        with pytest.raises(NoAnswer, match="still busy"):
            watch.call("slow", lambda: asked.append("too early"))
    assert time.monotonic() - started < 4, "the limit is paid once, not for every photo"
    assert asked == []
    assert watch.call("other", lambda: 7) == 7
    go.set()
    while any(thread.name == "plugin slow" for thread in threading.enumerate()):
        time.sleep(0.01)
    assert watch.call("slow", lambda: 8) == 8


def test_the_process_does_not_wait_for_it(go: threading.Event) -> None:
    with pytest.raises(NoAnswer):
        TimeLimit(0.05).call("slow", lambda: go.wait(60))
    assert all(thread.daemon for thread in threading.enumerate() if thread.name == "plugin slow")
