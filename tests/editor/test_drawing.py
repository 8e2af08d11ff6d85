"""Which edits are drawn: flat with few steep steps, where the photo's own steps are many and small."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from ip2p_cli.editor.drawing import likeness, share_drawn, step_spread

SCALES = (1, 2, 4, 8, 16, 32)  # detail of all sizes, as in photos


@pytest.fixture
def photo() -> Tensor:
    g = torch.Generator().manual_seed(0)
    octaves = [interpolate(torch.randn(1, 3, 3 * n, 4 * n, generator=g), (96, 128), mode="bicubic") / n for n in SCALES]
    return torch.stack(octaves).sum(0)[0].mul(0.15).add(0.5).clamp(0, 1)  # (3, h, w)


def test_blocks_and_flat_colours_are_drawn(photo: Tensor) -> None:
    blocks = interpolate(avg_pool2d(photo[None], 8), scale_factor=8, mode="nearest")[0]
    assert share_drawn(photo, photo, blocks) == 1
    assert share_drawn(photo, photo, (photo * 3).round() / 3) == 1


def test_changes_of_light_colour_and_contrast_are_not(photo: Tensor) -> None:
    for edit in (photo * 0.3, photo * 0.5 + 0.4, 1 - photo, photo**1.2, photo.flip(0), photo):
        assert share_drawn(photo, photo, edit) == 0


def test_a_blur_is_not_drawn(photo: Tensor) -> None:
    assert share_drawn(photo, photo, avg_pool2d(photo[None], 7, 1, 3, count_include_pad=False)[0]) < 0.5


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1)])
def test_pictures_without_steps_are_not_drawn(size: tuple[int, int]) -> None:
    flat = torch.full((3, *size), 0.5)
    assert step_spread(flat) <= 1
    assert share_drawn(flat, flat, flat) == 0


def test_structure_of_its_own_is_drawn_however_its_steps_are_spread(photo: Tensor) -> None:
    noise = torch.randn(photo.shape, generator=torch.Generator().manual_seed(1))
    own = avg_pool2d(photo[None], 9, 1, 4, count_include_pad=False)[0] + 0.05 * noise
    assert step_spread(own) / step_spread(photo) > 0.95
    assert share_drawn(photo, photo, own) == 1


def test_likeness_is_of_structure_not_of_light(photo: Tensor) -> None:
    for edit in (photo * 0.3 + 0.5, 1 - photo, photo.flip(0)):
        assert likeness(photo, edit) > 0.98
    places = likeness(photo, torch.cat([photo[..., :64], photo[..., 64:].flip(1)], dim=2), radius=8)
    assert places.shape == (1, *photo.shape[1:])
    assert places[..., :48].min() > 0.98
    assert places[..., 80:].mean() < 0.5


@pytest.mark.parametrize("radius", [None, 3])
def test_flat_pictures_are_alike(radius: int | None) -> None:
    flat = torch.full((3, 9, 7), 0.5)
    assert (likeness(flat, flat, radius) > 0.99).all()
    assert (likeness(flat, flat + 0.2, radius) > 0.99).all()
