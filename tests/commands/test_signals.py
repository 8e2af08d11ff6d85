"""Ctrl-C and SIGTERM: once finishes what is in hand, twice stops at once; no half-written file either way."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ip2p_cli.signals import StopRequest
from tests.photos import save
from tests.workers.tasks import end_one

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A run over six photos, one a batch, that has its first two at the editor."""
    with started(tmp_path, "--report", "page.html") as process:
        yield process


@contextmanager
def started(tmp_path: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    for name in "abcdef":
        save(tmp_path / "photos" / f"{name}.png")
    path = os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "plugins")])
    command = [sys.executable, "-m", "tests.commands.blocking", "edit", "photos", "-i", "x", "--batch-size", "1"]
    process = subprocess.Popen(
        [*command, *options],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path, "XDG_CONFIG_HOME": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        while not (tmp_path / "started-2").exists():
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
        if "stopping after the photos in hand" in line:
            return
    raise AssertionError("the signal was not heard")


def outputs(folder: Path) -> list[str]:
    return sorted(os.listdir(folder / "edited")) if (folder / "edited").exists() else []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_finishes_what_is_in_hand(
    running: subprocess.Popen[str], tmp_path: Path, number: int, code: int
) -> None:
    hear(running, number)
    (tmp_path / "go").touch()
    assert running.wait() == code
    assert outputs(tmp_path) == [".ip2p", "a.png", "b.png"]
    assert not (tmp_path / "started-3").exists()
    assert running.stderr is not None
    assert "Traceback" not in running.stderr.read()


def test_a_signal_among_the_tries_of_a_photo_writes_nothing_of_it_and_the_next_run_begins_it_anew(
    tmp_path: Path,
) -> None:
    out_of_reach = ("--change", "0.999..1", "--tries", "3")
    with started(tmp_path, *out_of_reach) as process:
        hear(process, signal.SIGINT)
        (tmp_path / "go").touch()
        assert process.wait() == 130
    assert outputs(tmp_path) == [".ip2p"]
    assert not (tmp_path / "started-3").exists(), "no other try after those in hand"
    with started(tmp_path, *out_of_reach) as process:
        assert process.wait() == 0
    assert outputs(tmp_path) == [".ip2p", *(f"{name}.png" for name in "abcdef")]


def test_the_second_signal_stops_at_once(running: subprocess.Popen[str], tmp_path: Path) -> None:
    hear(running, signal.SIGINT)
    running.send_signal(signal.SIGTERM)
    assert running.wait() == 143
    assert outputs(tmp_path) == [".ip2p"]


@pytest.mark.parametrize("closed", ["2>/dev/full", ">&- 2>&-", "<&- >&- 2>&-", ">/dev/null 2>&-"])
def test_what_nobody_can_read_stops_no_work(tmp_path: Path, closed: str) -> None:
    """Real file descriptors: a closed one must not be taken by the journal, where a library would write into it."""
    save(tmp_path / "photo.png")
    command = f"{shlex.quote(sys.executable)} -m ip2p_cli edit photo.png -i x -n {closed}"
    assert subprocess.run(["bash", "-c", command], cwd=tmp_path, check=False).returncode == 0


def test_a_signal_while_modules_are_imported_is_no_traceback(tmp_path: Path) -> None:
    code = "import sys; sys.modules['ip2p_cli.cli'] = None; import ip2p_cli.__main__ as m, builtins\n"
    code += "def stop(*a, **k): raise KeyboardInterrupt\n"
    code += "builtins.__import__ = stop; m.main()"
    end = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (end.returncode, end.stderr) == (130, "ip2p: interrupted\n")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_what_a_plugin_forks_can_be_ended() -> None:
    with StopRequest(lambda: None) as stop:
        assert end_one("fork") == -signal.SIGTERM
        assert not stop.requested
