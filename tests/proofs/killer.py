"""A fork server that kills runs: `python -m tests.proofs.killer ROOT FIRST STEP POINTS` prints what it found as JSON.

Every Python call and return within ip2p_cli, in whatever thread, is a point. A forked child runs until its point comes
and kills itself with SIGKILL there; the server resumes. Forking saves the start-up of an interpreter.
"""

from __future__ import annotations

import gc
import itertools
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import ip2p_cli
from tests.proofs.rig import Rig

_PACKAGE = str(Path(ip2p_cli.__file__).parent)


def count_points(then: Callable[[int], None]) -> None:
    """Have `then` called with the number of every point from now on."""
    counter = itertools.count(1)

    def profile(frame: FrameType, event: str, argument: object) -> None:
        if frame.f_code.co_filename.startswith(_PACKAGE):
            then(next(counter))

    threading.setprofile(profile)
    sys.setprofile(profile)


def fork(child: Callable[[], object]) -> tuple[int, object]:
    """Run `child` in a forked process: its wait status, and what it returned."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            answer = json.dumps(child())
            os.write(writing, answer.encode())
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    _, status = os.waitpid(process, 0)
    return status, json.loads(text) if text else None


def total_points(rig: Rig) -> int:
    """How many points an uninterrupted run has."""

    def child() -> int:
        last = 0

        def note(number: int) -> None:
            nonlocal last
            last = number

        count_points(note)
        rig.run()
        return last

    _, total = fork(child)
    rig.clear()
    assert isinstance(total, int)
    return total


def kill_at(rig: Rig, point: int) -> bool:
    """A run that is killed at a point; whether it got there."""

    def child() -> None:
        def kill(number: int) -> None:
            if number == point:
                os.kill(os.getpid(), signal.SIGKILL)

        count_points(kill)
        rig.run()

    status, _ = fork(child)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def resume_and_check(rig: Rig, expected: dict[str, str]) -> None:
    """See what the killed run left, resume it, and see that all is as if it had never been killed."""
    finished = rig.finished(expected) if rig.out.exists() else set()
    edited = rig.run()
    assert not finished & set(edited), "what was finished is edited again"
    rig.check_whole(expected)


def main(root: str, first: str, step: str, points: str) -> None:
    """Kill at `first`, `first + step` … of so many points, spread over the whole run."""
    gc.freeze()  # the children need not copy what they do not touch
    rig = Rig(Path(root))
    _, expected = fork(rig.expected)
    assert isinstance(expected, dict)
    total = total_points(rig)
    killed = 0
    for number in range(int(first), int(points), int(step)):
        rig.clear()
        point = 1 + number * total // int(points)
        killed += kill_at(rig, point)
        try:
            resume_and_check(rig, expected)
        except AssertionError as problem:
            raise AssertionError(f"killed at point {point} of {total}: {problem}") from problem
    print(json.dumps({"killed": killed, "points": total}))


if __name__ == "__main__":
    main(*sys.argv[1:])
