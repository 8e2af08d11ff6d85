"""The options of `ip2p sweep`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from ip2p_cli.api import UsageError, load_editor, progress_bar, quiet_libraries, read_photo, writing

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
SHARES_TEXT = (0.6, 1.0, 1.6, 2.4)  # of the checkpoint's own scale
ADDED_IMAGE = (-0.3, 0.0, 0.4, 0.8)  # to the checkpoint's own, and never below 1


def sweep(
    photo: Annotated[Path, typer.Argument(metavar="PHOTO", help="One photo.")],
    instruction: Annotated[list[str], typer.Option("--instruction", "-i", help="What to do. Repeat it for a chain.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The sheet.")] = Path("sweep.jpg"),
    text: Annotated[str | None, typer.Option(help="Text guidance, such as 2,4,7.5. (default: about its own)")] = None,
    image: Annotated[str | None, typer.Option(help="Image guidance, such as 1,1.5,2. (default: likewise)")] = None,
    seeds: Annotated[str, typer.Option(help="Seeds, such as 0,1,2.")] = "0",
    steps: Annotated[int | None, typer.Option(min=1, max=1000, help="Denoising steps.")] = None,
    model: Annotated[str, typer.Option("--model", "-m", help="A name, a folder, a hub id.")] = "mini",
    lora: Annotated[str | None, typer.Option(help="A LoRA on top of the model.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, mps")] = "auto",
    offline: Annotated[bool, typer.Option(help="Never ask the network.")] = False,
    overwrite: Annotated[bool, typer.Option(help="Replace a sheet that is there.")] = False,
) -> None:
    """Show one edit over text and image guidance (and seeds) on one sheet, to choose by eye.

    The cells' figures go to stdout, one JSON object a line.
    """
    _check_output(output, overwrite)
    texts, images = _numbers(text, "--text"), _numbers(image, "--image")
    chosen_seeds = tuple(int(seed) for seed in _numbers(seeds, "--seeds", whole=True) or (0.0,))
    if not all(each.strip() for each in instruction):
        raise UsageError('an empty instruction; say what to do, as in -i "make it night"')
    picture = read_photo(photo)
    with quiet_libraries():
        from .grid import Sweep, draw_sheet, run_sweep

        editor = load_editor(model, device=None if device == "auto" else device, offline=offline, lora=lora)
        own = editor.defaults
        ranges = Sweep(
            texts or tuple(round(own.text_guidance * share, 2) for share in SHARES_TEXT),
            images or tuple(sorted({round(max(1.0, own.image_guidance + more), 2) for more in ADDED_IMAGE})),
            chosen_seeds,
        )
        total = len(ranges.texts) * len(ranges.images) * len(ranges.seeds)
        cells = list(progress_bar(run_sweep(editor, picture, instruction, steps, ranges), total=total, label="editing"))
    title = "\n".join([photo.name, *instruction, f"model {model}"])
    with writing(output):
        draw_sheet(picture, title, ranges, cells).save(output, quality=92)
    for cell in cells:
        facts = {"seed": cell.seed, "text_guidance": cell.text_guidance, "image_guidance": cell.image_guidance}
        typer.echo(json.dumps({**facts, "change": round(cell.change, 4)}))
    print(f"{output}: {total} edits", file=sys.stderr)


def _check_output(output: Path, overwrite: bool) -> None:
    if output.suffix.lower() not in SUFFIXES:
        raise UsageError(f"-o {output}: give a name that ends in {', '.join(SUFFIXES)}")
    if output.exists() and not overwrite:
        raise UsageError(f"{output} is there already; give --overwrite, or another -o")


def _numbers(given: str | None, option: str, *, whole: bool = False) -> tuple[float, ...]:
    """`2,4,7.5` -> its numbers; of nothing, none.

    Raises:
        UsageError: something in it is no number of 0 to 100 (of seeds: no whole number).
    """
    if given is None:
        return ()
    try:
        numbers = tuple(float(int(part) if whole else float(part)) for part in given.split(","))
    except ValueError:
        numbers = ()
    if not numbers or not (whole or all(0 <= number <= 100 for number in numbers)):
        raise UsageError(f"{option} {given}: give {'whole numbers' if whole else 'numbers from 0 to 100'} and commas")
    return tuple(dict.fromkeys(numbers))
