"""Makes the sheets of README and model card, straight from the editor: `python docs/pictures/make.py`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from ip2p_cli.api import EditRequest, load_editor

if TYPE_CHECKING:
    from ip2p_cli.editor import Editor

HERE = Path(__file__).parent
PHOTOS = ("meadow", "mountains", "stream", "friends")
SHEETS = {
    "sheet.jpg": (
        "it is now midnight",
        "deep snow has covered it all",
        "a thick fog has come up",
        "the evening sun sets on them",
        "arch a rainbow across the top",
        "we made a snowman, show it",
        "strew plenty of stars across the heavens",
    ),
    # of the InstructPix2Pix paper's figures
    "paper.jpg": (
        "Add boats on the water",
        "Replace the mountains with a city skyline",
        "It is now midnight",
        "Add a beautiful sunset",
    ),
}
CELL, LABEL = (220, 150), 20


def main() -> None:
    editor = load_editor("mini", device="cpu")
    photos = [Image.open(HERE.parents[1] / "examples/photos" / f"{name}.jpg").convert("RGB") for name in PHOTOS]
    for name, instructions in SHEETS.items():
        draw_sheet(editor, photos, instructions).save(HERE / name, quality=85, optimize=True)


def draw_sheet(editor: Editor, photos: list[Image.Image], instructions: tuple[str, ...]) -> Image.Image:
    """A row a photo, a column an instruction."""
    requests = [EditRequest(image=photo, instruction=text) for photo in photos for text in instructions]
    results = [result.image for result in editor.edit(requests)]
    width, height = CELL
    sheet = Image.new("RGB", (width * (1 + len(instructions)), height * len(photos) + LABEL), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(11)
    for column, text in enumerate(("the photo", *instructions)):
        draw.text((column * width + 4, 4), text, fill="black", font=font)
    for row, photo in enumerate(photos):
        edits = results[row * len(instructions) : (row + 1) * len(instructions)]
        for column, picture in enumerate((photo, *edits)):
            small = picture.copy()
            small.thumbnail((width - 4, height - 4), Image.Resampling.LANCZOS)
            sheet.paste(small, (column * width + (width - small.width) // 2, LABEL + row * height))
    return sheet


if __name__ == "__main__":
    main()
