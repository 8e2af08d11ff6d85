"""The cells of a sweep, and the sheet that shows them: rows of one s_I, columns of one s_T, seed after seed."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont, ImageOps

from ip2p_cli.api import EditJob, Source, Step, StepSettings

from .review import SCORE

if TYPE_CHECKING:
    from ip2p_cli.api import Preview

CELL = 256  # side that pictures are shown within
LABEL, GAP = 36, 6  # a label has two lines: cells of tall photos are narrow
SMALL, LARGE = ImageFont.load_default(13), ImageFont.load_default(16)
LETTER, LINE = 8, 22  # pixels of a letter and of a line of the title, on average


@dataclass(frozen=True)
class Sweep:
    """What is varied."""

    texts: tuple[float, ...]  # s_T
    images: tuple[float, ...]  # s_I
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class Cell:
    """One edit, and how far it went."""

    seed: int
    text_guidance: float
    image_guidance: float
    status: str
    reason: str | None
    picture: Image.Image | None  # small; None: it failed or is blocked
    change: float | None  # perceptual distance from the photo


def jobs_of(photo: Path, instructions: Sequence[str], steps: int | None, sweep: Sweep) -> list[EditJob]:
    """A job for each cell, seed by seed and row by row. Instructions are a chain, all with the cell's scales."""
    source = Source(photo, PurePosixPath(photo.name))
    return [
        EditJob(source, None, tuple(Step(words, StepSettings(steps, text, image)) for words in instructions), seed)
        for seed in sweep.seeds
        for image in sweep.images
        for text in sweep.texts
    ]


def cell_of(job: EditJob, preview: Preview) -> Cell:
    """What a sheet shows of a job."""
    settings, outcome = job.steps[0].settings, preview.outcome
    assert settings.text_guidance is not None and settings.image_guidance is not None
    return Cell(
        job.seed,
        settings.text_guidance,
        settings.image_guidance,
        outcome.status,
        outcome.reason,
        None if preview.image is None else small(preview.image),
        outcome.scores.get(SCORE),
    )


def small(picture: Image.Image) -> Image.Image:
    """As cells show it."""
    return ImageOps.contain(picture, (CELL, CELL), Image.Resampling.LANCZOS)


def draw_sheet(photo: Image.Image, title: str, sweep: Sweep, cells: Sequence[Cell]) -> Image.Image:
    """The photo (small) and the title above, the cells below; one without a picture is grey."""
    columns, (width, height) = len(sweep.texts), photo.size
    wide = max(columns * (width + GAP) + GAP, 2 * CELL)
    left = width + 3 * GAP
    wrap = textwrap.TextWrapper((wide - left) // LETTER, break_on_hyphens=False)
    lines = [line for each in title.splitlines() for line in wrap.wrap(each) or [""]]
    head = LABEL + max(height, len(lines) * LINE) + 2 * GAP
    below = len(cells) // columns * (height + LABEL + GAP)
    sheet = Image.new("RGB", (wide, head + below), "white")
    draw = ImageDraw.Draw(sheet)
    draw.text((GAP, GAP), "the photo", fill="black", font=SMALL)
    sheet.paste(photo, (GAP, LABEL))
    draw.multiline_text((left, LABEL), "\n".join(lines), fill="black", font=LARGE)
    for place, cell in enumerate(cells):
        row, column = divmod(place, columns)
        x, y = GAP + column * (width + GAP), head + row * (height + LABEL + GAP)
        draw.text((x, y + 3), _label(cell, len(sweep.seeds) > 1), fill="black", font=SMALL)
        if cell.picture is not None:
            sheet.paste(cell.picture.resize((width, height)), (x, y + LABEL))
        else:
            draw.rectangle((x, y + LABEL, x + width - 1, y + LABEL + height - 1), fill="lightgrey")
    return sheet


def _label(cell: Cell, several: bool) -> str:
    seed = f"  seed {cell.seed}" if several else ""
    said = cell.status if cell.change is None or cell.picture is None else f"change {cell.change:.2f}"
    return f"text {cell.text_guidance:g}  image {cell.image_guidance:g}\n{said}{seed}"
