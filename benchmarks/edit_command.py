"""`ip2p` as people run it: in a process of its own, or in this one, where what it does can be timed."""

from __future__ import annotations

import os
import subprocess
import sys

OFF = "IP2P_NO_PLUGIN"  # `run` writes it for the processes that it starts


def run_process(*arguments: object) -> str:
    """`ip2p ARGUMENTS` in a process of its own; gives what it wrote to stdout.

    Raises:
        SystemExit: it failed; with what it said.
    """
    command = [sys.executable, "-m", "ip2p_cli", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
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
