"""`python -m benchmarks`."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import __main__ as command
from benchmarks.cases import CASES, SIZES, Case
from benchmarks.record import read_record
from benchmarks.results import Result, figure
from benchmarks.setting import Setting


def test_every_case_has_its_module_and_all_sizes() -> None:
    for case in CASES.values():
        assert set(case.module.SIZES) == set(SIZES)
        assert callable(case.module.run) and case.module.__doc__
        assert not {"size", "clock", "dtype", "threads"} & set(vars(case.module.SIZES["quick"]))  # kept beside them


def test_the_list_names_every_case(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--list"]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in CASES)


def test_an_unknown_case_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        command.main(["chian"])
    assert end.value.code == 2
    assert "'chian'" in capsys.readouterr().err


class FakeCase(Case):
    """Measures nothing; the work folder must be there meanwhile, and gone afterwards."""

    @property
    def module(self) -> Any:
        def run(setting: Setting, scale: SimpleNamespace) -> Result:
            assert setting.work.is_dir()
            if self.name == "broken":
                raise RuntimeError("no such luck")
            return Result([figure("speed, ours / theirs", "times", [float(scale.rounds)])], {})

        return SimpleNamespace(SIZES={size: SimpleNamespace(rounds=2, photo_size=(4, 3)) for size in SIZES}, run=run)


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = {name: FakeCase(name, f"A case, {name}", ("1", "1", "1")) for name in ("broken", "sound")}
    monkeypatch.setattr(command, "CASES", cases)


@pytest.mark.usefixtures("fakes")
def test_a_case_that_fails_costs_no_other_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["-o", str(tmp_path)]) == 1
    assert "no such luck" in (error := capsys.readouterr().err) and "failed: broken" in error
    [path] = tmp_path.glob("*.json")
    [(key, run)] = read_record(path).runs.items()
    assert key == "sound, mini" and run.title == "A case, sound"
    own = {"rounds": 2, "photo_size": "4, 3"}
    assert run.settings == own | {
        "size": "normal", "clock": "wall", "dtype": "float32", "threads": run.settings["threads"]
    }  # fmt: skip


@pytest.mark.usefixtures("fakes")
def test_a_quick_run_is_not_kept_unless_a_folder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "KEPT", tmp_path / "kept")
    assert command.main(["sound", "--quick"]) == 0
    assert not (tmp_path / "kept").exists() and "2.00 ×" in capsys.readouterr().out
    assert command.main(["sound"]) == 0
    assert list((tmp_path / "kept").glob("*.json"))


@pytest.mark.usefixtures("fakes")
def test_what_is_kept_is_shown_and_drawn_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command.main(["sound", "-o", str(tmp_path)])
    [page] = tmp_path.glob("*.md")
    before = page.read_text()
    page.unlink()
    capsys.readouterr()
    assert command.main(["--show", "-o", str(tmp_path)]) == 0
    assert "A case, sound" in capsys.readouterr().out and page.read_text() == before
