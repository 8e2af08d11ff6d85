"""The cells of a sweep, and the sheet that shows them: rows of one s_I, columns of one s_T, seed after seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from ip2p_cli.api import EditRequest

from .distance import perceptual_distance

CELL = 256  # side that pictures are shown within
LABEL, GAP = 36, 6  # a label has two lines: cells of tall photos are narrow


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
    picture: Image.Image
    change: float  # perceptual distance from the photo


def run_sweep(
    editor: Any, photo: Image.Image, instructions: Sequence[str], steps: int | None, sweep: Sweep
) -> Iterator[Cell]:
    """All cells, seed by seed and row by row. Instructions are a chain; the pictures are the model's own."""
    places = [(seed, text, image) for seed in sweep.seeds for image in sweep.images for text in sweep.texts]
    for start in range(0, len(places), editor.batch_size):
        batch = places[start : start + editor.batch_size]
        pictures = [photo] * len(batch)
        for number, instruction in enumerate(instructions):
            requests = [
                EditRequest(
                    image=picture,
                    instruction=instruction,
                    steps=steps,
                    text_guidance=text,
                    image_guidance=image,
                    seed=seed,
                    step_index=number,
                )
                for picture, (seed, text, image) in zip(pictures, batch, strict=True)
            ]
            pictures = [result.image for result in editor.edit(requests, full_resolution=False)]
        for picture, (seed, text, image) in zip(pictures, batch, strict=True):
            yield Cell(seed, text, image, picture, perceptual_distance(photo, picture))


def draw_sheet(photo: Image.Image, title: str, sweep: Sweep, cells: Sequence[Cell]) -> Image.Image:
    """The photo and the title above, the cells below."""
    columns, rows = len(sweep.texts), len(sweep.images) * len(sweep.seeds)
    width, height = _shown(photo).size
    sheet = Image.new(
        "RGB",
        (max(columns, 2) * (width + GAP) + GAP, (rows + 1) * (height + LABEL + GAP) + GAP),
        "white",
    )
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    sheet.paste(_shown(photo), (GAP, GAP + LABEL))
    draw.text((GAP, GAP), "the photo", fill="black", font=font)
    draw.multiline_text((width + 3 * GAP, GAP + LABEL), title, fill="black", font=ImageFont.load_default(16))
    for place, cell in enumerate(cells):
        left = GAP + place % columns * (width + GAP)
        top = GAP + (1 + place // columns) * (height + LABEL + GAP)
        draw.text((left, top + 3), _label(cell, len(sweep.seeds) > 1), fill="black", font=font)
        sheet.paste(cell.picture.resize((width, height), Image.Resampling.LANCZOS), (left, top + LABEL))
    return sheet


def _label(cell: Cell, several: bool) -> str:
    seed = f"  seed {cell.seed}" if several else ""
    return f"text {cell.text_guidance:g}  image {cell.image_guidance:g}\nchange {cell.change:.2f}{seed}"


def _shown(picture: Image.Image) -> Image.Image:
    scale = CELL / max(picture.size)
    return picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))))
