"""`--device cpu,cpu`: what one process makes, whoever is killed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.proofs.rig import contents, make_photos

PHOTOS = 24


class Runs:
    """Runs of the command line with a fake editor over one folder of photos."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self.environment = folder, environment
        (folder / "pids").mkdir()
        self.gate = folder / "gate"
        make_photos(folder / "photos", PHOTOS)

    def start(
        self, *options: str, out: str = "out", seconds: float = 0.0, stop_before: int | None = None
    ) -> subprocess.Popen[str]:
        """One that takes so long for a batch. Each of its editors stops before a batch until the gate is opened."""
        for old in (self.folder / "pids").iterdir():
            old.unlink()
        command = [sys.executable, "-m", "tests.proofs.fake_cli", "edit", "photos", "-i", "x", "-o", out, "--json"]
        variables = {"FAKE_SECONDS": str(seconds), "FAKE_PIDS": str(self.folder / "pids")}
        gate = {} if stop_before is None else {"FAKE_GATE": str(self.gate), "FAKE_GATE_BATCH": str(stop_before)}
        return subprocess.Popen(
            [*command, "--batch-size", "3", "--no-plugin", "nsfw", *options],
            cwd=self.folder,
            env={**self.environment, **variables, **gate},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def whole(self) -> dict[str, str]:
        """What one process makes."""
        assert end(self.start(out="whole")).code == 0
        return contents(self.folder / "whole")

    def workers(self, number: int = 2) -> list[int]:
        """The processes that edit, as soon as there are so many."""
        return [int(name) for name in self.wait_for("pids", number)]

    def wait_for(self, folder: str, number: int) -> list[str]:
        """Until there are so many files that are no temporary ones."""
        place = self.folder / folder
        while True:
            names = [name for name in (os.listdir(place) if place.exists() else []) if not name.startswith(".")]
            if len(names) >= number:
                return names
            time.sleep(0.01)


class Ended:
    """What a run said."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        out, self.said = process.communicate()
        self.code = process.returncode
        assert "Traceback" not in self.said, self.said
        events: list[dict[str, Any]] = [json.loads(line) for line in out.splitlines()]
        self.items = [event for event in events if event["event"] == "item"]
        self.summaries = [event for event in events if event["event"] == "summary"]
        self.statuses = Counter(event["status"] for event in self.items)


def end(process: subprocess.Popen[str]) -> Ended:
    return Ended(process)


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for_death(process: int) -> None:
    while is_alive(process):
        time.sleep(0.01)


@pytest.fixture
def runs(fast_path: Path, environment: dict[str, str]) -> Runs:
    return Runs(fast_path, environment)


TWO = ("--device", "cpu,cpu")


def test_two_workers_make_what_one_process_makes(runs: Runs) -> None:
    expected = runs.whole()
    run = end(runs.start(*TWO))
    assert run.code == 0, run.said
    assert contents(runs.folder / "out") == expected
    assert len(os.listdir(runs.folder / "pids")) == 2, "both have edited"
    names = sorted(path.name for path in (runs.folder / "photos").iterdir())
    assert [Path(item["source"]).name for item in run.items] == names, "in the order of the plan"
    assert run.statuses == {"done": PHOTOS}
    assert [summary["done"] for summary in run.summaries] == [PHOTOS]
    assert not [pid for pid in runs.workers() if is_alive(pid)]
    again = end(runs.start(*TWO))
    assert (again.code, again.statuses) == (0, {"skipped": PHOTOS})
    assert os.listdir(runs.folder / "pids") == [], "no model is loaded for what is done"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_what_a_killed_worker_had_is_done_by_the_other(runs: Runs, seed: int) -> None:
    chance = random.Random(seed)
    expected = runs.whole()
    process = runs.start(*TWO, seconds=0.2, stop_before=2)  # of four each: however slow this test is, something is left
    workers = runs.workers()
    runs.wait_for("out", chance.randrange(8))
    time.sleep(chance.uniform(0, 0.3))
    os.kill(chance.choice(workers), signal.SIGKILL)
    runs.gate.touch()
    run = end(process)
    assert run.code == 0, run.said
    assert run.said.count("was killed (SIGKILL); the others go on with its photos") == 1
    assert run.statuses == {"done": PHOTOS}
    assert contents(runs.folder / "out") == expected
    assert not [pid for pid in workers if is_alive(pid)]


@pytest.mark.slow
def test_without_any_worker_the_run_stops_with_4_and_can_be_taken_up(runs: Runs) -> None:
    expected = runs.whole()
    process = runs.start(*TWO, seconds=0.5)
    for worker in runs.workers():
        os.kill(worker, signal.SIGKILL)
    run = end(process)
    assert run.code == 4
    assert "no worker is left" in run.said
    assert [summary["done"] for summary in run.summaries] == [run.statuses["done"]]
    again = end(runs.start(*TWO))
    assert again.code == 0
    assert again.statuses.total() == PHOTOS
    assert contents(runs.folder / "out") == expected


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_a_run_that_is_killed_is_taken_up_and_its_workers_end(runs: Runs, seed: int) -> None:
    chance = random.Random(seed)
    expected = runs.whole()
    process = runs.start(*TWO, seconds=0.2)
    workers = runs.workers()
    runs.wait_for("out", chance.randrange(8))
    time.sleep(chance.uniform(0, 0.3))
    process.kill()
    process.communicate()
    again = end(runs.start(*chance.choice([TWO, ()])))  # while they may still be busy with what they had in hand
    assert again.code == 0, again.said
    assert again.statuses.total() == PHOTOS
    assert set(again.statuses) <= {"done", "skipped"}
    for worker in workers:
        wait_for_death(worker)
    assert contents(runs.folder / "out") == expected


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_finishes_what_is_in_hand(runs: Runs, number: int, code: int) -> None:
    process = runs.start(*TWO, seconds=1.0)
    workers = runs.workers()
    for one in (process.pid, *workers):  # as the terminal, or a service manager, sends it: to all
        os.kill(one, number)
    run = end(process)
    assert run.code == code
    assert "stopping after the photos in hand" in run.said
    assert "was killed" not in run.said
    assert set(run.statuses) <= {"done"}
    assert run.statuses["done"] == len(contents(runs.folder / "out")) <= 2 * 3 + 2 * 3
    assert run.statuses["done"] > 0
    assert not [worker for worker in workers if is_alive(worker)]


@pytest.mark.slow
def test_a_second_signal_stops_at_once(runs: Runs) -> None:
    process = runs.start(*TWO, seconds=600)
    workers = runs.workers()
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    while "stopping" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert end(process).code == 130
    for worker in workers:
        wait_for_death(worker)
    assert contents(runs.folder / "out") == {}
