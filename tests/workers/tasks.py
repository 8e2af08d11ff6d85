"""Tasks that workers of tests do; they are found by name in the workers' processes."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from ip2p_cli.errors import EnvironmentStop, UsageError


@dataclass(frozen=True)
class Squares:
    """Squares numbers. `-1` is a wrong setting, `-2` a bug, `-3` a device that is lost, `-4` SIGKILL the first time.

    `-5` waits for a second worker, `-6` is squared by a process of the worker's own, `-7` after it has ended two such.
    """

    folder: Path

    def __call__(self, device: str | None) -> Callable[[int], tuple[int, str | None, int]]:
        print("a worker has nothing to say on stdout")
        (self.folder / f"{os.getpid()}.started").touch()
        return lambda number: (self.square(number), device, os.getpid())

    def square(self, number: int) -> int:
        if number == -1:
            raise UsageError("no number")
        if number == -2:
            raise ValueError("bang")
        if number == -3:
            raise EnvironmentStop("the device is lost")
        if number == -4 and not (self.folder / "killed").exists():
            (self.folder / "killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if number == -6:
            with get_context("spawn").Pool(1) as pool:
                return pool.apply(pow, (number, 2))
        if number == -7:
            for method in ("spawn", "fork"):
                end_one(method)
        while number == -5 and len(list(self.folder.glob("*.started"))) < 2:
            time.sleep(0.01)
        return number * number


def end_one(method: str) -> int | None:
    """Start a process, end it with SIGTERM once it runs, and wait for that; its exit code."""
    context = get_context(method)
    here, there = context.Pipe()
    process = context.Process(target=_sleep, args=(there,))
    process.start()
    here.recv()
    process.terminate()
    process.join()
    return process.exitcode


def _sleep(connection: Connection) -> None:
    connection.send("it runs")
    time.sleep(600)


if __name__ == "__main__":
    from ip2p_cli.workers.processes import Processes
    from ip2p_cli.workers.spread import spread

    for result, *_ in spread(Processes(["cpu", "cpu"]), Squares(Path(sys.argv[1])), range(3)):
        print(result)
