"""Speed and memory beside peers, in ratios of paired runs: `python -m benchmarks [NAMES...]`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import traceback
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.cases import CASES, SIZES, Case
from benchmarks.keeping import keep, write
from benchmarks.machine import describe_machine, describe_software, describe_source
from benchmarks.networks import SD15, write_checkpoint
from benchmarks.record import Record, Run, read_record
from benchmarks.setting import Setting
from benchmarks.table import tables
from ip2p_cli.api import quiet_libraries

KEPT = Path(__file__).parents[1] / "docs" / "benchmarks"
SHAPED = "sd15"  # a model with random weights, made for the run


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, show and keep. 1: a case failed; its traceback is shown, and the others have run."""
    options = _parse(arguments)
    console = Console()
    if options.list:
        console.print(_list())
        return 0
    return _show(options.output or KEPT, console) if options.show else _measure(options, console)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="cases (default: all)")
    parser.add_argument("--list", action="store_true", help="the cases, and how long they take")
    parser.add_argument("--show", action="store_true", help="measure nothing; show what is kept, and draw it again")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", dest="size", action="store_const", const="quick", help="only whether it works")
    size.add_argument("--full", dest="size", action="store_const", const="full", help="more of everything")
    parser.add_argument("--model", default="mini", help=f"name, folder, or {SHAPED}: random weights of its shape")
    parser.add_argument("--device", default="cpu", help="cpu, cuda …")
    parser.add_argument("--dtype", default="float32", choices=("float32", "bfloat16", "float16"))
    parser.add_argument(
        "--clock", default="wall", choices=("wall", "processor"), help="processor: for a machine that others use, too"
    )
    parser.add_argument(
        "-o", "--output", type=Path, help="where to keep figures (default: docs/benchmarks; --quick: nowhere)"
    )
    parser.set_defaults(size="normal")
    options = parser.parse_args(arguments)
    for name in options.names:
        if name not in CASES:
            parser.error(f"there is no case {name!r}; there are: {', '.join(CASES)}")
    return options


def _list() -> Table:
    table = Table("case", "what", *SIZES, title="About how many minutes on two idle cores")
    for case in CASES.values():
        table.add_row(case.name, case.title, *case.minutes)
    return table


def _measure(options: argparse.Namespace, console: Console) -> int:
    folder = options.output or (None if options.size == "quick" else KEPT)
    machine = describe_machine(options.device)
    failed = []
    for name in options.names or CASES:
        console.rule(name)
        try:
            key, run = _run(CASES[name], options)
        except (Exception, SystemExit):
            traceback.print_exc()
            failed.append(name)
            continue
        console.print(*tables(Record(machine, {key: run})), sep="\n")
        if folder is not None:
            keep(folder, machine, key, run)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _run(case: Case, options: argparse.Namespace) -> tuple[str, Run]:
    """What the run is kept under, and what it gave."""
    import torch

    module = case.module
    scale = module.SIZES[options.size]
    with tempfile.TemporaryDirectory(prefix="ip2p-benchmarks-") as folder, quiet_libraries():
        work = Path(folder)
        model = options.model
        if case.edits and model == SHAPED:
            model = str(write_checkpoint(work / SHAPED, SD15, 512))
        result = module.run(Setting(work, model, options.device, options.dtype, options.clock), scale)
    key = f"{case.name}, {Path(options.model).name}" if case.edits else case.name  # no paths in what is kept
    settings = {name: _said(value) for name, value in vars(scale).items()}
    settings |= {"size": options.size, "clock": options.clock, "dtype": options.dtype}
    settings |= {"threads": torch.get_num_threads()}
    today = date.today().isoformat()
    return key, Run(case.title, today, settings, describe_source(), describe_software(), result)


def _said(value: object) -> str | int:
    """A setting as it is kept."""
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return value if isinstance(value, int) else str(value)


def _show(folder: Path, console: Console) -> int:
    for path in sorted(folder.glob("*.json")):
        record = read_record(path)
        console.rule(path.stem)
        console.print(*tables(record), sep="\n")
        write(path, record)
    return 0


if __name__ == "__main__":
    sys.exit(main())
