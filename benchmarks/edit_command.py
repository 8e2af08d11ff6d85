"""`ip2p` as people run it: in a process of its own, or in this one, where what it does can be timed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass

MEBIBYTE = 2**20
OFF = "IP2P_NO_PLUGIN"  # `run` writes it for the processes that it starts

WATCHED = """import json, sys, time
from benchmarks.measuring import peak_bytes
from ip2p_cli.cli import run

started = time.perf_counter()
code = run(sys.argv[1:])
print(json.dumps({"seconds": time.perf_counter() - started, "peak": peak_bytes()}))
sys.exit(code)
"""


@dataclass(frozen=True)
class Used:
    """What a command took, libraries loaded on the way included."""

    seconds: float  # by the wall clock
    peak: int  # bytes that its process held at most; those that decode photos beside it hold one photo each


def run_process(*arguments: object) -> str:
    """`ip2p ARGUMENTS` in a process of its own; gives what it wrote to stdout.

    Raises:
        SystemExit: it failed; with what it said.
    """
    return _output(["-m", "ip2p_cli", *map(str, arguments)])


def use_process(*arguments: object) -> Used:
    """The same, watched from inside.

    Raises:
        SystemExit: it failed; with what it said.
    """
    return Used(**json.loads(_output(["-c", WATCHED, *map(str, arguments)])))


def _output(words: list[str]) -> str:
    path = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, *words], env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"ip2p {' '.join(words[2:])} failed:\n{done.stderr}")
    return done.stdout


def run_here(*arguments: object) -> None:
    """`ip2p ARGUMENTS` in this process: libraries are loaded already, the model is not.

    Raises:
        SystemExit: it failed; it has said why.
    """
    from ip2p_cli.cli import run

    words, before = [str(argument) for argument in arguments], os.environ.get(OFF, "")
    try:
        code = run(words)
    finally:
        os.environ[OFF] = before
    if code:
        raise SystemExit(f"ip2p {' '.join(words)} ended with exit code {code}")
