"""Two processes on one folder: each item is done once, each process ends well, and the folder is whole."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path

import pytest

from ip2p_cli.entries import FILE
from tests.proofs.rig import contents, make_photos

PHOTOS = 24


class Race:
    """Runs of the command line, started when one likes, on one folder of photos."""

    def __init__(self, folder: Path, environment: dict[str, str], photos: int = PHOTOS) -> None:
        self.folder, self.environment = folder, environment
        self.gate = folder / "gate"
        make_photos(folder / "photos", photos)

    def start(
        self, *arguments: str, instruction: str = "x", seconds: float = 0.0, stop_before: int | None = None
    ) -> subprocess.Popen[str]:
        """A run; with `stop_before`, it waits for `open_gate` before that batch."""
        gate = {} if stop_before is None else {"FAKE_GATE": str(self.gate), "FAKE_GATE_BATCH": str(stop_before)}
        command = [sys.executable, "-m", "tests.proofs.fake_cli", "edit", "photos", "-i", instruction, "--json", "-q"]
        return subprocess.Popen(
            [*command, "--batch-size", "3", *arguments],
            cwd=self.folder,
            env={**self.environment, "FAKE_EDITS": str(self.folder / "edits"), "FAKE_SECONDS": str(seconds), **gate},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def edits(self) -> Counter[str]:
        """How often each photo was edited."""
        return Counter((self.folder / "edits").read_text().split())

    def open_gate(self, runs: int) -> None:
        """As soon as so many runs take part: however slowly they start, they meet."""
        journal = self.folder / "edited" / ".ip2p" / FILE
        while True:
            with (
                suppress(sqlite3.OperationalError),
                closing(sqlite3.connect(f"{journal.as_uri()}?mode=ro", uri=True)) as db,
            ):
                if db.execute("SELECT COUNT(*) FROM runs").fetchone()[0] == runs:
                    break
            time.sleep(0.01)
        self.gate.touch()

    def wait_for_outputs(self, number: int) -> None:
        """Until so many outputs are there."""
        while len(self._finished()) < number:
            time.sleep(0.01)

    def _finished(self) -> list[str]:
        """Names of the outputs that are whole; those on their way may be gone before one could be read."""
        edited = self.folder / "edited"
        names = os.listdir(edited) if edited.exists() else []
        return [name for name in names if not name.startswith(".ip2p")]


def end(process: subprocess.Popen[str]) -> tuple[int, Counter[str], list[str]]:
    """Exit code, statuses, and the outputs that it says it has done."""
    out, err = process.communicate()
    assert "Traceback" not in err, err
    items = [event for event in map(json.loads, out.splitlines()) if event["event"] == "item"]
    done = [item["output"] for item in items if item["status"] == "done"]
    return process.returncode, Counter(item["status"] for item in items), done


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_two_processes_share_the_work(fast_path: Path, environment: dict[str, str], seed: int) -> None:
    chance = random.Random(seed)
    race = Race(fast_path, environment)
    options = chance.choice([(), ("--on-exists", "overwrite"), ("--on-exists", "error"), ("--variants", "2")])
    first = race.start(*options, seconds=chance.uniform(0, 0.1), stop_before=chance.randrange(8))
    time.sleep(chance.uniform(0, 0.6))
    second = race.start(*options, seconds=chance.uniform(0, 0.1))
    race.open_gate(runs=2)
    (code_1, statuses_1, done_1), (code_2, statuses_2, done_2) = end(first), end(second)
    total = PHOTOS * (2 if "--variants" in options else 1)
    assert (code_1, code_2) == (0, 0)
    assert set(statuses_1) | set(statuses_2) <= {"done", "skipped"}
    assert statuses_1.total() == statuses_2.total() == total, "each accounts for every item"
    assert len(done_1) + len(done_2) == len({*done_1, *done_2}) == total == len(contents(fast_path / "edited"))
    assert set(race.edits().values()) == {1}, "nothing is done twice"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_the_other_process_takes_over_from_one_that_is_killed(
    fast_path: Path, environment: dict[str, str], seed: int
) -> None:
    chance = random.Random(seed)
    race = Race(fast_path, environment)
    first, second = race.start(seconds=0.1), race.start(seconds=0.1)
    race.wait_for_outputs(chance.randrange(1, 8))
    first.kill()
    first.communicate()
    code, statuses, _ = end(second)
    assert code == 0
    assert statuses.total() == PHOTOS == len(contents(fast_path / "edited"))
    assert max(race.edits().values()) <= 2


def test_other_settings_find_the_folder_busy_until_the_holder_is_dead(
    fast_path: Path, environment: dict[str, str]
) -> None:
    race = Race(fast_path, environment, photos=4)
    holder = race.start(seconds=60)
    try:
        while not (fast_path / "edits").exists():
            assert holder.poll() is None
            time.sleep(0.01)
        other = race.start(instruction="make it night")
        out, err = other.communicate()
        assert other.returncode == 5
        [line] = err.splitlines()
        assert f"process {holder.pid}" in line
        assert out == ""
    finally:
        holder.kill()
        holder.communicate()
    assert end(race.start(instruction="make it night"))[0] == 0
    assert len(contents(fast_path / "edited")) == 4
