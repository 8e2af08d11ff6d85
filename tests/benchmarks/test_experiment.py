"""The experiment's tables, from figures as the suites write them. Its stages are commands with tests of their own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.experiment import EDITORS, Sizes, curve_table, world_table, write_report

SETTINGS = (1.0, 1.6, 2.2)


def share(value: float) -> dict[str, float]:
    return {"share": value, "low": value - 0.04, "high": value + 0.04}


def curve(image: tuple[float, ...], direction: tuple[float, ...], rank: float) -> dict[str, object]:
    means = {"image_similarity": image, "direction_similarity": direction}
    ranks = {"spearman_image_similarity": rank, "spearman_direction_similarity": -rank}
    found = {name: [{"mean": mean, **share(mean)} for mean in values] for name, values in means.items()}
    return {"setting": "image guidance", "settings": list(SETTINGS), **found, **ranks}


@pytest.fixture
def work(tmp_path: Path) -> Path:
    overall = {"done": share(0.8), "preserved": share(0.9), "both": share(0.75), "attributes": share(0.95)}
    curves = [curve((0.8, 0.85, 0.9), (0.3, 0.25, 0.2), 1.0) for _ in range(len(EDITORS) + 1)]
    figures = {"world": {"models": [{"overall": overall}] * len(EDITORS)}, "curve": {"curves": curves}}
    for name, content in figures.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return tmp_path


def test_each_editor_has_a_line_with_intervals(work: Path) -> None:
    head, rule, *lines = world_table(work).splitlines()
    assert len(lines) == len(EDITORS)
    assert lines[0] == "| all pairs | 80 % (76–84) | 90 % (86–94) | 75 % (71–79) | 95 % (91–99) |"
    assert {line.count("|") for line in (head, rule, *lines)} == {6}


def test_the_baseline_has_a_line_too(work: Path) -> None:
    _, _, *lines = curve_table(work).splitlines()
    assert len(lines) == len(EDITORS) + 1
    assert lines[0] == "| all pairs | 0.800 to 0.900 | 0.300 to 0.200 | +1.00, -1.00 |"
    assert lines[-1].startswith("| SDEdit")


def test_figures_of_other_editors_are_not_taken(work: Path) -> None:
    (work / "world" / "world.json").write_text(json.dumps({"models": []}), encoding="utf-8")
    with pytest.raises(ValueError, match="shorter"):
        world_table(work)


def test_tables_and_plot_are_kept(work: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_report(work, Sizes(captions=9, steps=2, scenes=5), tmp_path / "kept")
    told = (tmp_path / "kept" / "figures.md").read_text(encoding="utf-8")
    assert told == capsys.readouterr().out
    assert "9 captions, 2 steps an editor" in told and world_table(work) in told and curve_table(work) in told
    assert (tmp_path / "kept" / "curve.svg").read_text(encoding="utf-8").startswith("<svg")
