"""What an edit takes away leaves no ghost; what it only makes darker, paler or another colour is all there."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from torch import Tensor
from torch.nn.functional import avg_pool2d, max_pool2d

from ip2p_cli.editor.detail import transfer_detail
from ip2p_cli.editor.painting import paint
from ip2p_cli.editor.removed import removed
from tests.editor.test_detail import scene, sepia, small, to_tensor

SIZE = (512, 384)


def with_a_boat(photo: Image.Image) -> Image.Image:
    """A thing with a thin dark outline, finer than the model sees."""
    boat = photo.copy()
    draw = ImageDraw.Draw(boat)
    draw.polygon([(200, 250), (330, 250), (300, 290), (230, 290)], fill=(250, 120, 20), outline=(20, 10, 0), width=3)
    draw.polygon([(265, 150), (265, 240), (320, 240)], fill=(250, 250, 250), outline=(20, 10, 0), width=3)
    return boat


def calm() -> Image.Image:
    """Water: a slow change of colour."""
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]]
    pixels = np.stack([60 + 0.05 * x, 110 + 0.1 * y, 150 + 0 * x], axis=-1)
    return Image.fromarray(pixels.astype(np.uint8))


@pytest.mark.parametrize("enlarge", [transfer_detail, paint])
def test_a_thing_that_is_gone_leaves_no_ghost(enlarge) -> None:  # type: ignore[no-untyped-def]
    photo, truth = with_a_boat(calm()), to_tensor(calm())
    result = to_tensor(enlarge(photo, small(photo), small(calm())))
    assert float((result - truth).abs().max()) < 0.03


@pytest.mark.parametrize(
    ("look", "at_most"),
    [
        (lambda x: x, 0.0),
        (lambda x: 1 - x, 0.0),
        (lambda x: x * 0.25, 0.01),
        (lambda x: x * 0.4 + 0.5, 0.01),
        (sepia, 0.1),  # edges between colours of one luma are gone, indeed
    ],
    ids=["none", "negative", "night", "fog", "sepia"],
)
def test_looks_take_nothing_away(look, at_most: float) -> None:  # type: ignore[no-untyped-def]
    before = small(with_a_boat(scene(*SIZE)))
    assert float(removed(before, look(before)).mean()) <= at_most


def test_it_is_where_the_thing_was() -> None:
    empty = Image.fromarray(np.asarray(scene(*SIZE)) // 4 + np.asarray(calm()) // 2)
    photo = with_a_boat(empty)
    gone = removed(small(photo), small(empty))[0]
    there: Tensor = (to_tensor(photo) - to_tensor(empty)).abs().sum(0) > 0.1  # (h, w)
    near = avg_pool2d(there[None].float(), 4)[0] > 0
    wide = max_pool2d(near[None].float(), 17, 1, 8)[0] > 0
    assert float(gone[near].mean()) > 0.5
    assert float(gone[~wide].max()) < 0.01


@pytest.mark.parametrize("size", [(1, 1), (3, 70), (70, 3)])
def test_any_size(size: tuple[int, int]) -> None:
    flat = torch.full((3, *size), 0.5)
    assert float(removed(flat, flat).abs().max()) == 0
