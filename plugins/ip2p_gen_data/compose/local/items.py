"""A thing that stands in a picture: what, in which colour and where; and its painting."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..pixels import Array, heights, luma, smoothstep
from ..things import THINGS, Thing, draw


@dataclass(frozen=True)
class Spot:
    """Where one copy stands: its middle and its foot (y) as shares of the picture, its height too, and its shape."""

    x: float
    foot: float
    height: float
    seed: int


@dataclass(frozen=True)
class Item:
    """A thing in one colour, standing in one or several spots."""

    name: str
    colour: str
    spots: tuple[Spot, ...]

    @property
    def thing(self) -> Thing:
        return THINGS[self.name]

    def recoloured(self, colour: str) -> Item:
        """The same shape at the same place, in another colour."""
        return replace(self, colour=colour)

    def scaled(self, factor: float) -> Item:
        """The same, larger or smaller: what stands keeps its foot, what flies its middle."""
        stands = self.thing.where in ("ground", "water")
        spots = [
            replace(s, height=s.height * factor, foot=s.foot if stands else s.foot + s.height * (factor - 1) / 2)
            for s in self.spots
        ]
        return replace(self, spots=tuple(spots))


def layer_of(item: Item, side: int, sky: Array) -> Array:
    """The item alone on a picture of that side: (side, side, 4) in [0, 1], colours not multiplied by alpha."""
    thing = item.thing
    layer = np.zeros((side, side, 4), np.float32)
    for spot in item.spots:
        height = max(8, round(spot.height * side))
        width = side if thing.wide else None
        piece = draw(item.name, item.colour, height, np.random.default_rng(spot.seed), width)
        top, left = round((spot.foot - spot.height) * side), round(spot.x * side - piece.shape[1] / 2)
        _put(layer, piece, top, left)
    if thing.where == "wide-horizon":  # stands behind the land
        layer[..., 3] *= smoothstep(sky, 0.25, 0.55) * smoothstep(
            heights(layer), item.spots[0].foot, 0.8 * item.spots[0].foot
        )
    return layer


def paint(picture: Array, layer: Array, *, lit: bool) -> Array:
    """The picture (s, s, 3) with a layer (s, s, 4) over it; what is not `lit` by itself is dimmed in a dark picture.

    Where the layer's alpha is 0 the picture is the same to the last bit.
    """
    alpha, colour = layer[..., 3:], layer[..., :3]
    if not lit:
        light = float(luma(picture).mean())
        colour = colour * np.float32(np.clip(0.66 + 0.8 * light, 0.7, 1.04))
    mixed = picture + alpha * (np.clip(colour, 0, 1) - picture)
    return np.where(alpha > 0, mixed, picture).astype(np.float32)


def _put(layer: Array, piece: Array, top: int, left: int) -> None:
    """Lay a piece (h, w, 4) over the layer; what hangs over the border is cut."""
    side = layer.shape[0]
    y0, x0 = max(0, top), max(0, left)
    y1, x1 = min(side, top + piece.shape[0]), min(side, left + piece.shape[1])
    if y1 <= y0 or x1 <= x0:
        return
    part = piece[y0 - top : y1 - top, x0 - left : x1 - left]
    below = layer[y0:y1, x0:x1]
    alpha = part[..., 3:] + below[..., 3:] * (1 - part[..., 3:])
    total = part[..., :3] * part[..., 3:] + below[..., :3] * below[..., 3:] * (1 - part[..., 3:])
    layer[y0:y1, x0:x1, :3] = total / np.maximum(alpha, 1e-6)
    layer[y0:y1, x0:x1, 3:] = alpha
