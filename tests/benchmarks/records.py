"""Figures to keep and to show."""

from __future__ import annotations

from benchmarks.record import Record, Run
from benchmarks.results import Result, figure

MACHINE = {
    "device": "cpu",
    "processor": "A Processor @ 2 GHz",
    "cores": 2,
    "memory_gib": 23.5,
    "system": "Linux x86_64",
}


def make_run(ratios: tuple[float, ...] = (2.0, 2.5, 3.0), goal: str | None = ">= 2") -> Run:
    figures = [
        figure("ours", "photos/s", [each / 2 for each in ratios]),
        figure("speed, ours / theirs", "times", ratios, goal),
    ]
    settings = {"size": "quick", "clock": "wall", "rounds": len(ratios), "threads": 2}
    result = Result(figures, {"ours": [1.0] * len(ratios), "theirs": list(ratios)})
    return Run("Ours beside theirs", "2026-01-31", settings, {"ip2p": "0.1.0"}, {"python": "3.11"}, result)


def make_record() -> Record:
    return Record(MACHINE, {"case": make_run()})
