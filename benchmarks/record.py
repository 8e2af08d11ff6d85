"""The JSON file of one machine's figures: each case's last run, read back strictly."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from benchmarks.measuring import Spread
from benchmarks.results import Figure, Goal, Result

SCHEMA = 1


@dataclass(frozen=True)
class Run:
    """A result, and what it was measured with."""

    title: str
    date: str  # ISO 8601
    settings: Mapping[str, str | int | float]
    source: Mapping[str, str]
    software: Mapping[str, str]
    result: Result


@dataclass(frozen=True)
class Record:
    """All that is kept of one machine."""

    machine: Mapping[str, str | int | float]
    runs: Mapping[str, Run]  # by the case's name

    def having(self, name: str, run: Run) -> Record:
        """The same with one case measured anew."""
        return Record(self.machine, dict(sorted({**self.runs, name: run}.items())))


_HEADS = [field.name for field in fields(Run) if field.name != "result"]
_OWN = [field.name for field in fields(Result)]
_SPREAD = [field.name for field in fields(Spread)]


def as_json(record: Record) -> str:
    """The file's text."""
    runs = {name: _as_data(run) for name, run in record.runs.items()}
    data = {"schema": SCHEMA, "machine": dict(record.machine), "runs": runs}
    return json.dumps(data, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def read_record(path: Path) -> Record:
    """Read a file.

    Raises:
        ValueError: it is not what `as_json` writes; the message says where.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        _keys(data, ("schema", "machine", "runs"), "the file")
        if data["schema"] != SCHEMA:
            raise ValueError(f"its schema is {data['schema']!r}, not {SCHEMA}")
        return Record(data["machine"], {name: _run(name, run) for name, run in data["runs"].items()})
    except (ValueError, TypeError, AttributeError) as problem:
        raise ValueError(f"{path} holds no figures of benchmarks: {problem}; mend it, or delete it") from problem


def _as_data(run: Run) -> dict[str, Any]:
    result = run.result
    figures = [
        {"name": each.name, "unit": each.unit} | asdict(each.spread) | ({"goal": str(each.goal)} if each.goal else {})
        for each in result.figures
    ]
    rounds = {side: list(values) for side, values in result.rounds.items()}
    return {head: getattr(run, head) for head in _HEADS} | {"figures": figures, "rounds": rounds}


def _run(name: str, data: dict[str, Any]) -> Run:
    _keys(data, [*_HEADS, *_OWN], name)
    figures = [_figure(f"{name}, figure {number}", each) for number, each in enumerate(data["figures"], 1)]
    return Run(**{head: data[head] for head in _HEADS}, result=Result(figures, data["rounds"]))


def _figure(where: str, data: dict[str, Any]) -> Figure:
    _keys({"goal": None} | data, ["name", "unit", "goal", *_SPREAD], where)
    goal = Goal.parse(data["goal"]) if "goal" in data else None
    return Figure(data["name"], data["unit"], Spread(**{key: data[key] for key in _SPREAD}), goal)


def _keys(data: Mapping[str, Any], expected: Sequence[str], where: str) -> None:
    odd = sorted(set(data) ^ set(expected))
    if odd:
        raise ValueError(f"{where} lacks, or has too much: {', '.join(odd)}")
