"""Held-out scenes of the world with an edit each, whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ip2p_gen_data.world.dataset import CaptionedScenes, EditedScene
from ip2p_gen_data.world.oracle import Reading, read
from ip2p_gen_data.world.render import render
from ip2p_gen_data.world.scene import SIDE

Picture = NDArray[np.uint8]  # (SIDE, SIDE, 3)


@dataclass(frozen=True)
class Case:
    """A scene to edit: its picture, and what the oracle reads there. `row` holds caption, edit and truth."""

    row: EditedScene
    picture: Picture
    reading: Reading

    @property
    def image(self) -> Image.Image:
        """The picture as an editor is given it."""
        return Image.fromarray(self.picture)


def held_out_cases(count: int, seed: int = 0) -> list[Case]:
    """The first `count` rows of a seed: captions that were kept from all training, in wordings that were, too."""
    data = CaptionedScenes(seed=seed, for_training=False)
    rows = [data.edited(index, held_out_wording=True) for index in range(count)]
    pictures = [render(row.before.scene) for row in rows]
    return [Case(row, picture, read(picture)) for row, picture in zip(rows, pictures, strict=True)]


def as_picture(image: Image.Image) -> Picture:
    """What an editor made, at the world's size. One that is larger is averaged down, which takes no sides."""
    rgb = image.convert("RGB")
    if rgb.size != (SIDE, SIDE):
        rgb = rgb.resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(rgb, np.uint8)
