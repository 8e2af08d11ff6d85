"""Where figures are kept: for each machine a JSON file, and a table and a plot drawn of it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.machine import name_of
from benchmarks.plot import draw_ratios
from benchmarks.record import Record, Run, as_json, read_record
from benchmarks.table import markdown
from ip2p_cli.api import MissingExtra


def keep(folder: Path, machine: Mapping[str, str | int | float], name: str, run: Run) -> None:
    """Add a run to what is kept of the machine, in the place of the last one of that name.

    Raises:
        ValueError: what is kept cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name_of(machine)}.json"
    kept = read_record(path).runs if path.is_file() else {}
    write(path, Record(machine, kept).having(name, run))


def write(path: Path, record: Record) -> None:
    """The JSON file, its table and its plot; without matplotlib no plot."""
    path.write_text(as_json(record), encoding="utf-8")
    path.with_suffix(".md").write_text(markdown(record), encoding="utf-8")
    try:
        path.with_suffix(".svg").write_text(draw_ratios(record), encoding="utf-8")
    except MissingExtra as problem:
        print(problem, file=sys.stderr)
