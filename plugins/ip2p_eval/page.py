"""`OUT/index.html`: one page that holds all it shows, and asks the network for nothing."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from ip2p_eval.measured import Grid, Measured, Table

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE = 264  # pixels of the longer side of a sample: sharp at twice the 132 that it is shown at


def page(title: str, facts: Mapping[str, str], measured: Measured, plot: str | None) -> str:
    """The page's text. `facts`: what was measured with; `plot`: an SVG picture."""
    sections = [f'<section class="plot">{plot}</section>'] if plot else []
    sections += [_table(table) for table in measured.tables]
    sections += [_grid(grid) for grid in measured.grids if grid.rows]
    said = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())
    text = files("ip2p_eval").joinpath("page.html").read_text("utf-8")
    parts = {"title": escape(title), "facts": said, "sections": "\n".join(sections)}
    for name, part in parts.items():
        text = text.replace(f"{{{name}}}", part)
    return text


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in table.header)
    rows = "".join("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in table.rows)
    notes = "".join(f"<p>{escape(note)}</p>" for note in table.notes)
    body = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f"<section><h2>{escape(table.title)}</h2>{body}{notes}</section>"


def _grid(grid: Grid) -> str:
    rows = "".join(
        f'<div class="row">{"".join(_figure(said, image) for said, image in row)}</div>' for row in grid.rows
    )
    return f"<section><h2>{escape(grid.title)}</h2>{rows}</section>"


def _figure(said: str, image: Image) -> str:
    small = ' class="small"' if max(image.size) < SIDE // 2 else ""
    picture = f'<img{small} alt="{escape(said)}" src="data:image/webp;base64,{_webp(image)}">'
    return f"<figure>{picture}<figcaption>{escape(said)}</figcaption></figure>"


def _webp(image: Image) -> str:
    """Lossless where it is small: the pixels of 64 × 64 are what is to be seen."""
    shown = image.convert("RGB")
    lossless = max(shown.size) < SIDE
    shown.thumbnail((SIDE, SIDE))
    drawn = io.BytesIO()
    shown.save(drawn, "WEBP", quality=75, lossless=lossless)
    return base64.b64encode(drawn.getvalue()).decode()
