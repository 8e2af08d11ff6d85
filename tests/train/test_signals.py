"""Ctrl-C and SIGTERM on `train`: once ends after the step in hand, with a checkpoint; twice ends at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

REPOSITORY = Path(__file__).parents[2]
COMMAND = ("train", "world", "--part", "clip", "-o", "out", "--max-steps", "3", "--device", "cpu")


def start(folder: Path, *further: str) -> subprocess.Popen[str]:
    path = os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "plugins")])
    return subprocess.Popen(
        [sys.executable, "-m", "tests.train.blocking", *COMMAND, *further],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "XDG_CONFIG_HOME": str(folder)},
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def running(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A run of three steps that is in the middle of its first."""
    process = start(tmp_path)
    try:
        while not (tmp_path / "step-1").exists():
            assert process.poll() is None, process.stderr and process.stderr.read()
            time.sleep(0.01)
        yield process
    finally:
        process.kill()
        process.wait()


def hear(process: subprocess.Popen[str], number: int) -> None:
    """Send a signal and wait until the run says that it has it."""
    process.send_signal(number)
    assert process.stderr is not None
    for line in process.stderr:
        if "stopping after the step in hand; once more stops at once" in line:
            return
    raise AssertionError("the signal was not heard")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_leaves_a_checkpoint_to_go_on_from(
    running: subprocess.Popen[str], tmp_path: Path, number: int, code: int
) -> None:
    hear(running, number)
    (tmp_path / "go").touch()
    assert running.wait() == code
    assert running.stderr is not None
    assert running.stderr.read() == (
        "out: stopped, the checkpoint is written; the same command with --resume goes on\n"
    )
    assert torch.load(tmp_path / "out" / ".train" / "state.pt", weights_only=True)["step"] == 1
    assert os.listdir(tmp_path / "out") == [".train"]  # nothing that looks finished
    again = start(tmp_path, "--resume")
    assert again.wait() == 0
    assert again.stderr is not None
    assert again.stderr.read().splitlines()[-1] == "out: clip trained for 3 steps"
    assert (tmp_path / "out" / "saved").exists()


def test_the_second_signal_stops_at_once(running: subprocess.Popen[str], tmp_path: Path) -> None:
    hear(running, signal.SIGINT)
    running.send_signal(signal.SIGTERM)
    assert running.wait() == 143
    assert not os.listdir(tmp_path / "out" / ".train")
