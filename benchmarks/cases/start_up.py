"""`ip2p --help`, beside the help of the smallest app that Typer's documentation shows.

Both start with compiled modules on the disk, as after an installation.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measuring import paired, ratios, timed
from benchmarks.results import Result, figure
from benchmarks.setting import Setting

OURS, SMALLEST = "ip2p --help", "one-command Typer app --help"
APP = """import typer


def main(name: str):
    print(f"Hello {name}")


if __name__ == "__main__":
    typer.run(main)
"""


@dataclass(frozen=True)
class Scale:
    """How much to do."""

    rounds: int


SIZES = {"quick": Scale(5), "normal": Scale(25), "full": Scale(50)}


def run(setting: Setting, scale: Scale) -> Result:
    """Start both once to have them compiled, then in turns."""
    app = setting.work / "app.py"
    app.write_text(APP)
    sides = {OURS: _starting(setting.work, "-m", "ip2p_cli"), SMALLEST: _starting(setting.work, str(app))}
    for start in sides.values():
        start()
    seconds = paired({name: timed(start, setting.clock) for name, start in sides.items()}, scale.rounds)
    figures = [figure(name, "ms", [1000 * each for each in found]) for name, found in seconds.items()]
    figures.append(figure(f"time, {OURS} / {SMALLEST}", "times", ratios(seconds[OURS], seconds[SMALLEST]), "<= 2"))
    return Result(figures, seconds)


def _starting(work: Path, *program: str) -> Callable[[], None]:
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    variables["PYTHONPYCACHEPREFIX"] = str(work / "compiled")
    command = [sys.executable, *program, "--help"]

    def start() -> None:
        subprocess.run(command, env=variables, capture_output=True, check=True)

    return start
