"""`--contact-sheet sheet.jpg`: before and after side by side, labelled; sheet-2.jpg and so on when one is full."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from ip2p_cli.events import Summary
from ip2p_cli.printable import one_line
from ip2p_cli.report.previews import Pair
from ip2p_cli.report.replacing import check_ours, replacing
from ip2p_cli.types import Outcome

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont, ImageFont

OPTION = "--contact-sheet"
FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
COLUMNS, ROWS = 3, 6
PICTURE = 240  # side of the square that a picture is fitted into
LABEL, GAP, SEAM = 44, 24, 4
CELL = (2 * PICTURE + SEAM, PICTURE + LABEL + GAP)
PAPER, EMPTY, INK, FAINT, ALARM = "white", "#f0f0ee", "#1d1d1b", "#5c5c58", "#b3261e"
_SOFTWARE = 0x0131
_MARK = "ip2p contact sheet"
_FONTS = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "Arial.ttf")


class ContactSheet:
    """The sink that draws sheets, one in memory at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sheet: Image | None = None
        self._cells = 0
        self._written = 0

    def side(self, number: int) -> int:
        """All alike."""
        return PICTURE

    def add(self, number: int, outcome: Outcome, pair: Pair | None) -> None:
        """Draw one item; a full sheet is put in place at once."""
        from PIL import Image

        if self._sheet is None:
            self._sheet = Image.new("RGB", (GAP + COLUMNS * (CELL[0] + GAP), GAP + ROWS * CELL[1]), PAPER)
        row, column = divmod(self._cells, COLUMNS)
        _draw(self._sheet, (GAP + column * (CELL[0] + GAP), GAP + row * CELL[1]), outcome, pair)
        self._cells += 1
        if self._cells == COLUMNS * ROWS:
            self._write()

    def finish(self, summary: Summary) -> None:
        """Put the last sheet in place, cut to the rows that it has."""
        if self._sheet is not None:
            self._write()

    def _write(self) -> None:
        assert self._sheet is not None
        path = page_path(self._path, self._written + 1)
        check_ours(path, OPTION, is_sheet)
        rows = -(-self._cells // COLUMNS)
        columns = COLUMNS if rows > 1 else self._cells
        sheet = self._sheet.crop((0, 0, GAP + columns * (CELL[0] + GAP), GAP + rows * CELL[1]))
        exif = sheet.getexif()
        exif[_SOFTWARE] = _MARK
        with replacing(path, OPTION) as file:
            sheet.save(file, FORMATS[path.suffix.lower()], quality=88, exif=exif)
        self._sheet, self._cells, self._written = None, 0, self._written + 1


def page_path(path: Path, number: int) -> Path:
    """sheet.jpg, sheet-2.jpg, sheet-3.jpg …"""
    return path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")


def is_sheet(path: Path) -> bool:
    """Whether a file is a contact sheet made here: its mark says so."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            return image.getexif().get(_SOFTWARE) == _MARK
    except Exception:  # no picture at all
        return False


def _draw(sheet: Image, corner: tuple[int, int], outcome: Outcome, pair: Pair | None) -> None:
    from PIL import ImageDraw

    left, top = corner
    draw = ImageDraw.Draw(sheet)
    if pair is not None:
        for number, picture in enumerate((pair.within(PICTURE).before, pair.within(PICTURE).after)):
            x = left + number * (PICTURE + SEAM) + (PICTURE - picture.width) // 2
            sheet.paste(picture, (x, top + (PICTURE - picture.height) // 2))
    else:
        draw.rectangle((left, top, left + CELL[0], top + PICTURE), fill=EMPTY)
        draw.text((left + GAP, top + PICTURE // 2), outcome.status, fill=ALARM, font=_font(16))
    said = " → ".join(step.instruction for step in outcome.job.steps)
    if outcome.reason:
        said = f"{outcome.status}: {outcome.reason}"
    draw.text((left, top + PICTURE + 4), _fitted(str(outcome.job.source.relative), 15), fill=INK, font=_font(15))
    draw.text((left, top + PICTURE + 24), _fitted(said, 13), fill=ALARM if outcome.reason else FAINT, font=_font(13))


def _fitted(text: str, size: int) -> str:
    """The text cut, with an ellipsis, to the width of a cell."""
    text, font = one_line(text)[:200], _font(size)
    if font.getlength(text) <= CELL[0]:
        return text
    while text and font.getlength(text + "…") > CELL[0]:
        text = text[:-1]
    return text + "…"


@functools.cache
def _font(size: int) -> FreeTypeFont | ImageFont:
    """A font of the system, which knows more scripts than the one that Pillow brings."""
    from PIL import ImageFont

    for name in _FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)
