"""Plain charts and contact sheets, drawn with pillow: no plotting library for a handful of bars."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

KEPT_COLOUR, OTHER_COLOUR, INK, PAPER = "#2a7f62", "#c9c9c9", "#202020", "#ffffff"
PANEL = (360, 220)  # pixels
MARGIN = 34
BINS = 40


@dataclass(frozen=True)
class Example:
    """One row of a contact sheet."""

    before: bytes
    after: bytes
    text: str


def histogram(values: Sequence[float], marked: Sequence[bool], title: str) -> Image.Image:
    """Counts over the range of the values; the marked ones stand at the bottom of each bar, in colour."""
    image = Image.new("RGB", PANEL, PAPER)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(12)
    width, height = PANEL[0] - 2 * MARGIN, PANEL[1] - 2 * MARGIN
    pen.text((MARGIN, 8), title, INK, font)
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    bars = _count(values, marked, low, high)
    tallest = max((total for total, _ in bars), default=0) or 1
    bottom = MARGIN + height
    for place, (total, below) in enumerate(bars):
        left, right = MARGIN + width * place // BINS, MARGIN + width * (place + 1) // BINS - 2
        for count, colour in ((total, OTHER_COLOUR), (below, KEPT_COLOUR)):
            if count:
                pen.rectangle((left, bottom - height * count // tallest, right, bottom), colour)
    pen.line((MARGIN, bottom, MARGIN + width, bottom), INK)
    pen.text((MARGIN, bottom + 6), f"{low:.3f}", INK, font)
    pen.text((MARGIN + width, bottom + 6), f"{high:.3f}", INK, font, anchor="ra")
    pen.text((MARGIN + width, 8), f"tallest bar: {tallest}", INK, font, anchor="ra")
    return image


def bars(counts: Mapping[str, int], title: str) -> Image.Image:
    """One horizontal bar a name, the longest first."""
    image = Image.new("RGB", (2 * PANEL[0], 40 + 24 * max(1, len(counts))), PAPER)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(12)
    pen.text((MARGIN, 8), title, INK, font)
    longest = max(counts.values(), default=0) or 1
    for place, (name, count) in enumerate(sorted(counts.items(), key=lambda item: -item[1])):
        top = 32 + 24 * place
        pen.text((MARGIN, top), f"{name}: {count}", INK, font)
        colour = KEPT_COLOUR if name == "kept" else OTHER_COLOUR
        pen.rectangle((260, top, 260 + (image.width - 260 - MARGIN) * count // longest, top + 15), colour)
    return image


def sheet(examples: Sequence[Example], side: int = 160, columns: int = 3) -> Image.Image:
    """Before and after side by side, with what was asked for below."""
    cell = (2 * side + 16, side + 52)
    image = Image.new("RGB", (cell[0] * columns, cell[1] * max(1, -(-len(examples) // columns))), PAPER)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(12)
    for place, example in enumerate(examples):
        left, top = place % columns * cell[0], place // columns * cell[1]
        for offset, data in ((0, example.before), (side + 4, example.after)):
            with Image.open(io.BytesIO(data)) as opened:
                image.paste(opened.convert("RGB").resize((side, side)), (left + offset, top))
        lines = textwrap.wrap(example.text, cell[0] // 7)[:3]
        pen.multiline_text((left, top + side + 3), "\n".join(lines), INK, font, spacing=2)
    return image


def stack(images: Sequence[Image.Image], columns: int = 1) -> Image.Image:
    """Pictures in rows of `columns`, each row as high as its highest."""
    rows = [images[start : start + columns] for start in range(0, len(images), columns)]
    width = max(sum(image.width for image in row) for row in rows)
    whole = Image.new("RGB", (width, sum(max(image.height for image in row) for row in rows)), PAPER)
    top = 0
    for row in rows:
        left = 0
        for image in row:
            whole.paste(image, (left, top))
            left += image.width
        top += max(image.height for image in row)
    return whole


def _count(values: Sequence[float], marked: Sequence[bool], low: float, high: float) -> list[tuple[int, int]]:
    """(all, marked) of each bin."""
    totals, below = [0] * BINS, [0] * BINS
    for value, mark in zip(values, marked, strict=True):
        place = min(int((value - low) / (high - low or 1.0) * BINS), BINS - 1)
        totals[place] += 1
        below[place] += mark
    return list(zip(totals, below, strict=True))
