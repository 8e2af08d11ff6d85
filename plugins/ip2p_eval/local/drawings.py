"""What the suite pastes into photos, to be removed, recoloured or replaced. None of it is drawn as training data is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ip2p_eval.local.change import Box

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

    from ip2p_eval.pixels import Mask

RGB = tuple[int, int, int]
SIZE = 400  # px: drawings are made so large, and shrunk
PAINTS: dict[str, RGB] = {
    "red": (200, 30, 35), "blue": (35, 70, 200), "yellow": (240, 205, 40), "green": (45, 150, 60),
    "white": (238, 236, 228), "pink": (240, 130, 175),
}  # fmt: skip


@dataclass(frozen=True)
class Pasted:
    """A photo with a thing in it: its box there, and which pixels have the thing's own colour, (h, w)."""

    photo: Image
    box: Box
    body: Mask


def balloon(draw: ImageDraw, paint: RGB) -> None:
    draw.line([(200, 290), (185, 345), (205, 398)], fill=(90, 90, 90), width=6)
    draw.ellipse((75, 0, 325, 285), fill=paint)
    draw.polygon([(180, 300), (220, 300), (200, 275)], fill=paint)


def boat(draw: ImageDraw, paint: RGB) -> None:
    draw.rectangle((190, 20, 202, 270), fill=(100, 70, 45))
    draw.polygon([(210, 30), (210, 250), (370, 250)], fill=(235, 232, 220))
    draw.polygon([(182, 60), (182, 250), (70, 250)], fill=(222, 220, 210))
    draw.polygon([(20, 268), (380, 268), (310, 380), (90, 380)], fill=paint)


def moon(draw: ImageDraw, paint: RGB) -> None:
    draw.ellipse((20, 20, 380, 380), fill=paint)
    for x, y, r in ((140, 130, 40), (250, 220, 55), (150, 270, 30)):
        draw.ellipse((x - r, y - r, x + r, y + r), fill=tuple(int(0.85 * c) for c in paint))


def house(draw: ImageDraw, paint: RGB) -> None:
    draw.rectangle((50, 170, 350, 390), fill=paint)
    draw.polygon([(20, 180), (200, 30), (380, 180)], fill=(125, 60, 50))
    draw.rectangle((170, 270, 230, 390), fill=(85, 60, 40))
    for x in (80, 265):
        draw.rectangle((x, 220, x + 55, 270), fill=(150, 190, 215))


def car(draw: ImageDraw, paint: RGB) -> None:
    draw.polygon([(90, 190), (140, 110), (265, 110), (320, 190)], fill=paint)
    draw.rounded_rectangle((10, 185, 390, 275), 30, fill=paint)
    draw.polygon([(120, 185), (152, 128), (255, 128), (290, 185)], fill=(165, 200, 220))
    for x in (100, 300):
        draw.ellipse((x - 42, 235, x + 42, 319), fill=(30, 30, 32))


_DRAWINGS: dict[str, tuple[Callable[[ImageDraw, RGB], None], float, float]] = {  # how, side and middle (y) as shares
    "balloon": (balloon, 0.36, 0.40),
    "boat": (boat, 0.34, 0.72),
    "moon": (moon, 0.26, 0.20),
    "house": (house, 0.38, 0.70),
    "car": (car, 0.36, 0.74),
}


def paste(photo: Image, thing: str, colour: str, place: float) -> Pasted:
    """The photo with a thing of that colour; `place` in [0, 1] says how far to the right."""
    from PIL import Image, ImageDraw

    drawing, side, middle = _DRAWINGS[thing]
    canvas = Image.new("RGBA", (SIZE, SIZE))
    drawing(ImageDraw.Draw(canvas), PAINTS[colour])
    canvas = canvas.crop(canvas.getbbox())
    scale = side * min(photo.size) / SIZE
    piece = canvas.resize((round(canvas.width * scale), round(canvas.height * scale)), Image.Resampling.LANCZOS)
    left = round((0.06 + 0.88 * place) * (photo.width - piece.width))
    top = round(middle * photo.height - piece.height / 2)
    top = min(max(top, 0), photo.height - piece.height)
    out = photo.copy()
    out.paste(piece, (left, top), piece)
    pixels = np.asarray(piece).astype(int)
    own = (np.abs(pixels[..., :3] - np.array(PAINTS[colour])).max(-1) <= 12) & (pixels[..., 3] > 200)
    body = np.zeros((photo.height, photo.width), bool)
    body[top : top + piece.height, left : left + piece.width] = own
    return Pasted(out, Box(left, top, left + piece.width, top + piece.height), body)
