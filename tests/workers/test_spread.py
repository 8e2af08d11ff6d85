"""Tasks on real processes."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from ip2p_cli.errors import EnvironmentStop, Ip2pError
from ip2p_cli.workers.processes import Processes
from ip2p_cli.workers.spread import spread
from tests.workers.tasks import Squares

PLACE = Processes(["cpu", "cuda:7"])


def test_every_task_is_done_and_each_worker_has_its_device(tmp_path: Path) -> None:
    results = list(spread(PLACE, Squares(tmp_path), [-5, *range(12)]))
    assert sorted(number for number, *_ in results) == sorted([25, *(number**2 for number in range(12))])
    assert len({(device, process) for _, device, process in results}) == 2
    assert {device for _, device, _ in results} == {"cpu", "cuda:7"}


def test_what_a_killed_worker_had_is_done_by_the_other(tmp_path: Path) -> None:
    results = list(spread(PLACE, Squares(tmp_path), [1, 2, -4, 3, 4, 5]))
    assert sorted(number for number, *_ in results) == [1, 4, 9, 16, 16, 25]


def test_a_wrong_setting_ends_all_with_its_exit_code(tmp_path: Path) -> None:
    with pytest.raises(Ip2pError, match=r"^no number$") as told:
        list(spread(PLACE, Squares(tmp_path), [1, -1, 2]))
    assert told.value.exit_code == 2


def test_a_bug_shows_where_it_is(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"^ValueError: bang\n(.*\n)*.*in square"):
        list(spread(PLACE, Squares(tmp_path), [1, -2, 2]))


def test_a_task_that_ends_two_workers_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentStop, match=r"two workers were lost over one task \(the device is lost\)"):
        list(spread(PLACE, Squares(tmp_path), [-3]))


def test_when_no_worker_is_left_it_stops(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentStop, match=r"no worker is left \(the device is lost\)"):
        list(spread(Processes(["cpu"]), Squares(tmp_path), [-3]))


def test_a_worker_may_have_processes_of_its_own(tmp_path: Path) -> None:
    """As a check that runs in one, so that it may hang."""
    assert [number for number, *_ in spread(PLACE, Squares(tmp_path), [-6])] == [36]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_worker_can_end_processes_of_its_own(tmp_path: Path) -> None:
    """SIGTERM is not ignored in them, as it is in the worker."""
    assert [number for number, *_ in spread(PLACE, Squares(tmp_path), [-7])] == [49]


def test_a_system_without_room_for_a_worker_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def start(process: object) -> None:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr("multiprocessing.context.SpawnProcess.start", start)
    with pytest.raises(EnvironmentStop, match=r"worker 0 on cpu cannot be started .*; give fewer --workers"):
        list(spread(PLACE, Squares(tmp_path), [1]))


def test_stdout_is_not_the_workers(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.workers.tasks", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=True)
    assert sorted(done.stdout.split()) == ["0", "1", "4"]
    assert "nothing to say" in done.stderr
