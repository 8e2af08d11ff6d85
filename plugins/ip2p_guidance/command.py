"""The options of `ip2p sweep`: parse, edit, draw the sheet, tell the figures."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from ip2p_cli.api import (
    EditJob,
    ItemError,
    UsageError,
    make_output_folder,
    open_previews,
    progress_bar,
    quiet_libraries,
    read_photo,
    user_setting,
    writing,
)

if TYPE_CHECKING:
    from .grid import Cell

T = TypeVar("T")
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
SHARES_TEXT = (0.6, 1.0, 1.6, 2.4)  # of the s_T that is in force
ADDED_IMAGE = (-0.3, 0.0, 0.4, 0.8)  # to the s_I that is in force, and never below 1


def sweep(
    photo: Annotated[Path, typer.Argument(metavar="PHOTO", help="One photo.")],
    instruction: Annotated[list[str], typer.Option("--instruction", "-i", help="What to do. Repeat it for a chain.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The sheet.")] = Path("sweep.jpg"),
    text: Annotated[str | None, typer.Option(help="Text guidance, such as 2,4,7.5. (default: about its own)")] = None,
    image: Annotated[str | None, typer.Option(help="Image guidance, such as 1,1.5,2. (default: likewise)")] = None,
    seeds: Annotated[str | None, typer.Option(help="Seeds, such as 0,1,2. (default: 0)")] = None,
    steps: Annotated[int | None, typer.Option(min=1, max=1000, help="Denoising steps.")] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="A name, a folder, a hub id. (default: mini)")
    ] = None,
    lora: Annotated[str | None, typer.Option(help="A LoRA on top of the model.")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda, mps (default: the best there is)")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Never ask the network.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a sheet that is there.")] = False,
) -> None:
    """Show one edit over text and image guidance (and seeds) on one sheet, to choose by eye.

    Each cell's figures, and the command that makes it, go to stdout, one JSON object a line.
    """
    _check_files(photo, output, overwrite)
    texts, images = _scales(text, "--text"), _scales(image, "--image")
    chosen_seeds = _seeds(seeds)
    words = [each.strip() for each in instruction]
    if not all(words):
        raise UsageError('an empty instruction; say what to do, as in -i "make it night"')
    previews = open_previews(model, lora=lora, device=device, offline=offline)
    from .grid import Sweep, cell_of, draw_sheet, jobs_of, small

    own_text, own_image = previews.defaults.text_guidance, previews.defaults.image_guidance
    assert own_text is not None and own_image is not None
    ranges = Sweep(
        texts or tuple(round(own_text * share, 2) for share in SHARES_TEXT),
        images or tuple(sorted({round(max(1.0, own_image + more), 2) for more in ADDED_IMAGE})),
        chosen_seeds or (user_setting("seed", 0),),
    )
    jobs = jobs_of(photo, words, steps, ranges)
    with quiet_libraries():
        shown = progress_bar(previews.run(jobs), total=len(jobs), label="editing")
        cells = [cell_of(job, preview) for job, preview in zip(jobs, shown, strict=True)]
    title = "\n".join([*words, "", "The first cell is written by", previews.command(jobs[0])])
    if any(cell.picture for cell in cells):
        sheet = draw_sheet(small(read_photo(photo)), title, ranges, cells)
        with writing(output):
            sheet.save(output, quality=92)
    for cell, job in zip(cells, jobs, strict=True):
        typer.echo(json.dumps(_facts(cell, job) | {"command": previews.command(job)}))
    _conclude(cells, output)


def _conclude(cells: list[Cell], output: Path) -> None:
    """Say what came of it. Cells without a picture end it as items that failed end a run."""
    for reason in dict.fromkeys(cell.reason for cell in cells if cell.reason):
        print(reason, file=sys.stderr)
    lost = sum(cell.picture is None for cell in cells)
    if lost == len(cells):
        raise ItemError(f"no cell has a picture, and so {output} is not written")
    print(f"{output}: {len(cells) - lost} edits", file=sys.stderr)
    if lost:
        raise ItemError(f"{lost} of {len(cells)} cells failed or were blocked; the sheet shows them empty")


def _facts(cell: Cell, job: EditJob) -> dict[str, Any]:
    facts = {"seed": cell.seed, "text_guidance": cell.text_guidance, "image_guidance": cell.image_guidance}
    change = None if cell.change is None else round(cell.change, 6)
    return {**facts, "status": cell.status, "reason": cell.reason, "change": change}


def _check_files(photo: Path, output: Path, overwrite: bool) -> None:
    """See, before any work is done, that there is a photo, and that the sheet can be written."""
    if not photo.is_file():
        raise UsageError(f"{photo} is no file; give one photo")
    if output.suffix.lower() not in SUFFIXES:
        raise UsageError(f"-o {output}: give a name that ends in {', '.join(SUFFIXES)}")
    if output.exists():
        if not overwrite:
            raise UsageError(f"{output} is there already; give --overwrite, or another -o")
        if not output.is_file() or output.samefile(photo):
            raise UsageError(f"{output} is a folder, or the photo itself; give another -o")
    make_output_folder(output.parent)


def _scales(given: str | None, option: str) -> tuple[float, ...]:
    """`2,4,7.5` -> its numbers; of nothing, none.

    Raises:
        UsageError: something in it is no number of 0 to 100.
    """
    numbers = _listed(given, float)
    if numbers is None or not all(0 <= number <= 100 for number in numbers):  # NaN fails too
        raise UsageError(f"{option} {given}: give numbers from 0 to 100 and commas")
    return numbers


def _seeds(given: str | None) -> tuple[int, ...]:
    """Likewise, of whole numbers."""
    numbers = _listed(given, int)
    if numbers is None:
        raise UsageError(f"--seeds {given}: give whole numbers and commas")
    return numbers


def _listed(given: str | None, kind: Callable[[str], T]) -> tuple[T, ...] | None:
    """Each once; None where something is not of the kind."""
    try:
        return () if given is None else tuple(dict.fromkeys(kind(part) for part in given.split(",")))
    except ValueError:
        return None
