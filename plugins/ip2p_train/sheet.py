"""Validation pictures on one sheet: before, edit and target in a row, the instruction above."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont, ImageOps

from .latents import Sample

PICTURE, LABEL, GAP = 256, 22, 8  # pixels
COLUMNS = ("before", "edit", "target")


def draw_sheet(samples: Sequence[Sample], edited: Sequence[Image.Image]) -> Image.Image:
    """A row for each sample."""
    width, height = len(COLUMNS) * (PICTURE + GAP) + GAP, PICTURE + LABEL + GAP
    sheet = Image.new("RGB", (width, len(samples) * height + GAP), "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(14)
    for number, (sample, edit) in enumerate(zip(samples, edited, strict=True)):
        top = number * height + GAP
        draw.text((GAP, top), f"{sample.instruction[:80]}   ({', '.join(COLUMNS)})", fill="black", font=font)
        for column, picture in enumerate((sample.before, edit, sample.target)):
            shown = ImageOps.contain(picture, (PICTURE, PICTURE))
            sheet.paste(shown, (GAP + column * (PICTURE + GAP), top + LABEL))
    return sheet
