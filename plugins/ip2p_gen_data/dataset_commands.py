"""`ip2p gen-data import|export|validate|stats`: what can be done with a dataset that is there."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ip2p_cli.api import make_output_folder, writing

Data = Annotated[Path, typer.Argument(help="Folder of the dataset.")]
DEFAULT = Path("ip2p-data")
STATS = "stats"


def import_data(
    source: Annotated[Path, typer.Argument(help="Folder in the original layout (0000000/prompt.json …).")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the dataset.")] = DEFAULT,
) -> None:
    """Make a dataset of one in the layout of the paper's released data. Pictures keep their bytes."""
    from .original_layout import import_layout

    make_output_folder(output)
    typer.echo(f"{output}: {import_layout(source, output)} pairs", err=True)


def export_data(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the original layout.")],
    data: Data = DEFAULT,
) -> None:
    """Write a dataset in the layout of the paper's released data."""
    from .original_layout import export_layout

    make_output_folder(output)
    done = export_layout(data, output)
    typer.echo(f"{output}: {done.pairs} pairs in {done.folders} folders", err=True)
    if done.encoded_anew:
        note = "pictures were no JPEG files and were encoded anew (quality 100), which loses a little"
        typer.echo(f"{output}: {done.encoded_anew} {note}", err=True)


def validate(data: Data = DEFAULT) -> None:
    """List everything that is wrong with a dataset, in Parquet shards or in the original layout; exit 1 if anything."""
    from .validate import find_problems

    count = 0
    for problem in find_problems(data):  # as they are found: a big dataset takes its time
        typer.echo(str(problem))
        count += 1
    typer.echo(f"{data}: {count} problems" if count else f"{data}: sound", err=True)
    if count:
        raise typer.Exit(1)


def stats(
    data: Data = DEFAULT,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for charts and examples; else in the dataset's own.")
    ] = None,
) -> None:
    """Count what was kept and why the rest was not, and draw the scores and a sheet of examples."""
    from .intermediate import stage_folder
    from .stats import QUANTILES, collect, draw_charts, draw_sheet

    folder = output or stage_folder(data, STATS)
    found = collect(data)
    for reason, count in found.reasons.items():
        typer.echo(f"{count:8d}  {reason}")
    typer.echo(f"{'quantile':16}" + "".join(f"{q:9.2f}" for q in QUANTILES))
    for name, values in found.quantiles().items():
        typer.echo(f"{name:16}" + "".join(f"{value:9.3f}" for value in values))
    with writing(folder):
        draw_charts(found, folder / "scores.png")
        draw_sheet(data, folder / "examples.png")
    print(f"{folder / 'scores.png'}, {folder / 'examples.png'}", file=sys.stderr)
