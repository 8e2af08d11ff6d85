"""Makes the README's sheet: `python docs/pictures/make.py`. Every picture comes straight from the editor."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from ip2p_cli.api import EditRequest, load_editor

HERE = Path(__file__).parent
PHOTOS = ("meadow", "mountains", "stream", "friends")
INSTRUCTIONS = (
    "it is now midnight",
    "deep snow has covered it all",
    "I'd love this in autumn",
    "a thick fog has come up",
    "the evening sun sets on them",
    "the sky should turn pink",
    "submerge this in the deep sea",
)
CELL, LABEL = (220, 150), 20


def main() -> None:
    editor = load_editor("mini", device="cpu")
    photos = [Image.open(HERE.parents[1] / "examples/photos" / f"{name}.jpg").convert("RGB") for name in PHOTOS]
    requests = [EditRequest(image=photo, instruction=text) for photo in photos for text in INSTRUCTIONS]
    results = [result.image for result in editor.edit(requests)]
    width, height = CELL
    sheet = Image.new("RGB", (width * (1 + len(INSTRUCTIONS)), (height) * len(PHOTOS) + LABEL), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    for column, text in enumerate(("the photo", *INSTRUCTIONS)):
        draw.text((column * width + 4, 4), text, fill="black", font=font)
    for row, photo in enumerate(photos):
        edits = results[row * len(INSTRUCTIONS) : (row + 1) * len(INSTRUCTIONS)]
        for column, picture in enumerate((photo, *edits)):
            small = picture.copy()
            small.thumbnail((width - 4, height - 4), Image.Resampling.LANCZOS)
            sheet.paste(small, (column * width + (width - small.width) // 2, LABEL + row * height))
    sheet.save(HERE / "sheet.jpg", quality=85, optimize=True)


if __name__ == "__main__":
    main()
