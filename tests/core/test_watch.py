"""A watched folder, by a clock that the test sets."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path, PurePosixPath

import pytest

from ip2p_cli.errors import UsageError
from ip2p_cli.plan import Chains, destination, plan_watched
from ip2p_cli.types import Source, Step
from ip2p_cli.watch import Watch


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Folder:
    """A folder under watch; `after(seconds)` gives what has settled by then."""

    def __init__(self, path: Path) -> None:
        self.path, self.clock = path, Clock()
        self.gone = False
        self._given = iter(Watch(self._scan, self.clock))

    def _scan(self) -> Iterator[Source]:
        if self.gone:
            raise UsageError("no such folder")
        for path in sorted(self.path.iterdir()):
            yield Source(path, PurePosixPath(path.name))

    def after(self, seconds: float) -> list[str]:
        self.clock.now += seconds
        return [source.relative.name for source in islice(self._given, 20) if source is not None]

    def write(self, name: str, text: str, time: int = 1000) -> None:
        (self.path / name).write_text(text)
        os.utime(self.path / name, (time, time))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_a_photo_is_given_once_when_it_has_settled(folder: Folder) -> None:
    folder.write("a", "1")
    assert folder.after(0) == []
    assert folder.after(0.7) == []
    assert folder.after(0.7) == ["a"]
    assert folder.after(9) == []


def test_a_photo_that_grows_is_waited_for(folder: Folder) -> None:
    for size in range(1, 5):
        folder.write("a", "x" * size, time=1000)
        assert folder.after(0.9) == []
    folder.write("b", "x")
    assert folder.after(2) == ["a"]
    assert folder.after(2) == ["b"]


def test_a_photo_that_changes_later_is_given_again(folder: Folder) -> None:
    folder.write("a", "1")
    assert folder.after(0) + folder.after(2) == ["a"]
    folder.write("a", "2", time=2000)
    assert folder.after(2) + folder.after(2) == ["a"]


def test_folders_and_what_is_gone_are_left_alone(folder: Folder) -> None:
    (folder.path / "sub").mkdir()
    folder.write("a", "1")
    assert folder.after(0) == []
    (folder.path / "a").unlink()
    assert folder.after(2) + folder.after(2) == []
    folder.gone = True
    assert folder.after(2) == []
    folder.gone = False
    folder.write("b", "1")
    assert folder.after(2) + folder.after(2) == ["b"]


def test_the_plan_of_a_photo_that_comes_again(tmp_path: Path) -> None:
    a, b = (Source(tmp_path / name / "x.png", PurePosixPath("x.png")) for name in "ab")
    target = destination(str(tmp_path / "out"), None, None, 1)
    plans = list(plan_watched([a, None, a, b], Chains(((Step("x"),),)), target))
    problems = [plan and plan.jobs[0].problem for plan in plans]
    assert problems[:3] == [None, None, None]
    assert "would be made of" in str(problems[3]), "another photo still cannot have its name"
