"""The JSON files of docs/benchmarks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.__main__ import KEPT
from benchmarks.keeping import keep
from benchmarks.machine import describe_machine, describe_software, name_of
from benchmarks.record import as_json, read_record
from benchmarks.results import Goal, figure
from benchmarks.table import markdown
from tests.benchmarks.records import MACHINE, make_record, make_run


def test_what_is_kept_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "machine.json"
    path.write_text(as_json(make_record()))
    assert read_record(path) == make_record()
    assert set(json.loads(path.read_text())) == {"schema", "machine", "runs"}


def test_a_case_that_is_measured_again_takes_its_own_place(tmp_path: Path) -> None:
    old, new, other = make_run((1.0,)), make_run((4.0, 5.0)), make_run((6.0,))
    for name, run in (("case", old), ("other", other), ("case", new)):
        keep(tmp_path, MACHINE, name, run)
    path = tmp_path / f"{name_of(MACHINE)}.json"
    assert read_record(path).runs == {"case": new, "other": other}
    assert {file.suffix for file in tmp_path.iterdir()} == {".json", ".md", ".svg"}


def garble_figure(data: dict[str, Any], **changes: Any) -> None:
    data["runs"]["case"]["figures"][1] |= changes


GARBLED: dict[str, Callable[[dict[str, Any]], Any]] = {
    "schema": lambda data: data.update(schema=2),
    "machine": lambda data: data.pop("machine"),
    "extra": lambda data: data.update(extra=1),
    "rounds": lambda data: data["runs"]["case"].pop("rounds"),
    "figure 2": lambda data: garble_figure(data, mean=1.0),
    "furlongs": lambda data: garble_figure(data, unit="furlongs"),
    "about 2": lambda data: garble_figure(data, goal="about 2"),
}


@pytest.mark.parametrize("said", GARBLED)
def test_a_file_that_is_garbled_is_named_with_what_is_wrong(said: str, tmp_path: Path) -> None:
    data = json.loads(as_json(make_record()))
    GARBLED[said](data)
    path = tmp_path / "machine.json"
    path.write_text(json.dumps(data))
    with pytest.raises(ValueError, match=said) as raised:
        read_record(path)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"schema": 1, "machine": {}, "runs": []}'])
def test_other_files_are_no_records(text: str, tmp_path: Path) -> None:
    path = tmp_path / "machine.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="holds no figures"):
        read_record(path)


def test_a_figure_that_is_no_number_is_not_kept() -> None:
    record = make_record().having("case", make_run((float("nan"), 1.0)))
    with pytest.raises(ValueError, match="JSON compliant"):
        as_json(record)


@given(st.sampled_from([">=", "<="]), st.floats(0.001, 1000))
def test_a_goal_reads_as_it_is_written(sign: str, value: float) -> None:
    goal = Goal.parse(f"{sign} {value:g}")
    assert Goal.parse(str(goal)) == goal
    above = figure("x", "times", [goal.value * 1.01]).spread
    assert goal.is_met(above) == (sign == ">=")
    assert goal.is_met(figure("x", "times", [goal.value]).spread)


def test_the_machine_is_described() -> None:
    machine = describe_machine("cpu")
    assert machine["cores"] >= 1 and machine["processor"] and machine["memory_gib"] > 0
    assert name_of(machine).endswith(f"{machine['cores']}-cores")
    assert name_of(machine | {"device": "NVIDIA H100 80GB HBM3"}) == "nvidia-h100-80gb-hbm3"
    assert describe_software()["torch"][0].isdigit()


def test_the_files_in_the_repository_are_whole_and_not_from_quick_runs() -> None:
    for path in KEPT.glob("*.json"):
        record = read_record(path)
        assert path.stem == name_of(record.machine)
        assert {run.settings["size"] for run in record.runs.values()} <= {"normal", "full"}
        assert path.with_suffix(".md").read_text(encoding="utf-8") == markdown(record)
        assert path.with_suffix(".svg").is_file()
