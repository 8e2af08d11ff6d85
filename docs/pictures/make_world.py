"""Makes the sheet of docs/world.md: `python docs/pictures/make_world.py`. Skies and edits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ip2p_gen_data.world.dataset import CaptionedScenes
from ip2p_gen_data.world.render import render
from ip2p_gen_data.world.scene import GROUNDS, SIDE, TIMES, WEATHERS, sample

HERE = Path(__file__).parent
ZOOM, GAP, LABEL = 2, 4, 15
CELL = SIDE * ZOOM + GAP
PAIRS = 8


def main() -> None:
    sheet = Image.new("RGB", (len(WEATHERS) * 2 * CELL + GAP, (len(TIMES) + 2) * (CELL + LABEL) + GAP), "white")
    for row, time in enumerate(TIMES):
        for column in range(2 * len(WEATHERS)):
            number = row * 2 * len(WEATHERS) + column
            scene = replace(
                sample(400 + number), time=time, weather=WEATHERS[column // 2], ground=GROUNDS[number % len(GROUNDS)]
            )
            _put(sheet, render(scene), column, row, f"{time}, {scene.weather}, {scene.ground}")
    for number, row_number in enumerate(_chosen()):
        row = CaptionedScenes(seed=0).edited(row_number)
        column, line = number * 2 % (2 * len(WEATHERS)), len(TIMES) + number // len(WEATHERS)
        _put(sheet, render(row.before.scene), column, line, row.instruction)
        _put(sheet, render(row.after.scene), column + 1, line, "")
    sheet.save(HERE / "world.jpg", quality=88, optimize=True)


def _chosen() -> list[int]:
    """The first row of each kind of edit."""
    first: dict[str, int] = {}
    data = CaptionedScenes(seed=0)
    for index in range(200):
        row = data.edited(index)
        if len(row.instruction) < 34:
            first.setdefault(row.edit.verb, index)
    return list(first.values())[:PAIRS]


def _put(sheet: Image.Image, picture: np.ndarray, column: int, row: int, text: str) -> None:
    at = (GAP + column * CELL, GAP + row * (CELL + LABEL))
    sheet.paste(Image.fromarray(picture).resize((SIDE * ZOOM,) * 2, Image.Resampling.NEAREST), (at[0], at[1] + LABEL))
    ImageDraw.Draw(sheet).text((at[0] + 1, at[1]), text, fill="black", font=ImageFont.load_default(12))


if __name__ == "__main__":
    main()
