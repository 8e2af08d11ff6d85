"""Figures as JSON and as a table, and the sample sheet. People's words go to stderr, figures to stdout."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ip2p_cli.api import writing
from ip2p_eval.measured import Table

if TYPE_CHECKING:
    from PIL.Image import Image

CELL, CAPTION = 112, 14


def write_json(figures: Mapping[str, Any], path: Path) -> None:
    """Write figures as indented JSON; the folder is made.

    Raises:
        EnvironmentStop: the disk is full, read-only or failing.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


def _percent(block: Mapping[str, Any]) -> str:
    return "–" if block["share"] is None else f"{100 * block['share']:.0f}"


def looks_table(figures: Mapping[str, Any]) -> Table:
    """A table of percentages, one family a line."""
    keys = ("followed", "preserved", "both", "cross", "copy", "blur")
    rows = []
    for family, block in figures["families"].items():
        mistaken = " ".join(f"{f} {100 * s:.0f}" for f, s in list(block["mistaken_for"].items())[:4])
        rows.append((family, *(_percent(block[key]) for key in keys), mistaken))
    overall = figures["overall"]
    rows.append(("all", *(_percent(overall[key]) for key in keys), f"{figures['edits']} edits"))
    followed = overall["followed"]
    interval = f"followed, 95% interval: {100 * followed['low']:.1f} to {100 * followed['high']:.1f}"
    return Table(f"looks, in per cent: {figures['model']}", ("family", *keys, "mistaken for"), tuple(rows), (interval,))


def guidance_table(figures: Mapping[str, Any]) -> Table:
    """Mean distances over both ladders, one a line."""
    rows = []
    for guidance in ("text", "image"):
        block = figures[guidance]
        steps = "  ".join(f"{s:g}: {d:.4f}" for s, d in zip(block["scales"], block["mean_distance"], strict=True))
        rows.append((f"{guidance} guidance", steps, f"{block['spearman']:+.2f}"))
    return Table(
        f"mean distance of input and output: {figures['model']}",
        ("", "scale: distance", "rank correlation"),
        tuple(rows),
    )


def sample_sheet(rows: Sequence[Sequence[tuple[str, Image]]]) -> Image:
    """A grid of labelled pictures, one row a photo; all rows wrap together after 15 columns."""
    from PIL import Image, ImageDraw

    columns = 15
    wrapped = [row[i : i + columns] for row in rows for i in range(0, len(row), columns)]
    width = CELL * max((len(row) for row in wrapped), default=1)
    sheet = Image.new("RGB", (width, max(1, len(wrapped)) * (CELL + CAPTION)), "white")
    draw = ImageDraw.Draw(sheet)
    for y, row in enumerate(wrapped):
        for x, (label, picture) in enumerate(row):
            small = picture.copy()
            small.thumbnail((CELL, CELL))
            corner = (x * CELL + (CELL - small.width) // 2, y * (CELL + CAPTION) + CAPTION)
            sheet.paste(small, corner)
            draw.text((x * CELL + 2, y * (CELL + CAPTION) + 1), label, fill="black")
    return sheet
