"""Tasks that workers of tests do; they are found by name in the workers' processes."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from ip2p_cli.errors import EnvironmentStop, UsageError


@dataclass(frozen=True)
class Squares:
    """Squares numbers. `-1` is a wrong setting, `-2` a bug, `-3` a device that is lost, `-4` SIGKILL the first time.

    `-5` waits for a second worker, `-6` is squared by a process of the worker's own.
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
        while number == -5 and len(list(self.folder.glob("*.started"))) < 2:
            time.sleep(0.01)
        return number * number


if __name__ == "__main__":
    from ip2p_cli.workers.processes import Processes
    from ip2p_cli.workers.spread import spread

    for result, *_ in spread(Processes(["cpu", "cpu"]), Squares(Path(sys.argv[1])), range(3)):
        print(result)
