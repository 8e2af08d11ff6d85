"""SIGKILL anywhere: nothing half-written, nothing lost, nothing done twice, and the end is as if it had never been."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

POINTS = 2000


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="killing runs by the thousand needs fork")
def test_kill_matrix(fast_path: Path, environment: dict[str, str]) -> None:
    servers = min(os.cpu_count() or 1, 8)
    started = []
    for first in range(servers):
        arguments = [str(fast_path / str(first)), str(first), str(servers), str(POINTS)]
        command = [sys.executable, "-m", "tests.proofs.killer", *arguments]
        started.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
    answers = [server.communicate()[0] for server in started]
    assert [server.returncode for server in started] == [0] * servers
    killed = sum(json.loads(answer)["killed"] for answer in answers)
    assert killed > 0.9 * POINTS, "the last points may lie behind a run's end: threads take turns as they like"
