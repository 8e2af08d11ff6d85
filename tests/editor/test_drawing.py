"""Which edits are drawn: flat with few steep steps, where the photo's own steps are many and small."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, interpolate, pad

from ip2p_cli.editor.drawing import contrast_spread, is_all_drawn, likeness, share_drawn
from ip2p_cli.editor.softness import measure_softness

SCALES = (1, 2, 4, 8, 16, 32)  # detail of all sizes, as in photos


@pytest.fixture
def photo() -> Tensor:
    g = torch.Generator().manual_seed(0)
    octaves = [interpolate(torch.randn(1, 3, 3 * n, 4 * n, generator=g), (96, 128), mode="bicubic") / n for n in SCALES]
    return torch.stack(octaves).sum(0)[0].mul(0.15).add(0.5).clamp(0, 1)  # (3, h, w)


def _blurred(picture: Tensor, sigma: float) -> Tensor:
    places = torch.arange(-12, 13, dtype=torch.float32)
    weights = torch.exp(-(places**2) / (2 * sigma**2))
    kernel = (weights / weights.sum()).repeat(3, 1)
    padded = pad(picture[None], (12, 12, 12, 12), mode="reflect")
    return conv2d(conv2d(padded, kernel[:, None, None], groups=3), kernel[:, None, :, None], groups=3)[0]


def test_blocks_and_flat_colours_are_drawn(photo: Tensor) -> None:
    blocks = interpolate(avg_pool2d(photo[None], 8), scale_factor=8, mode="nearest")[0]
    assert share_drawn(photo, photo, blocks) == 1
    assert share_drawn(photo, photo, (photo * 3).round() / 3) == 1


def test_changes_of_light_colour_and_contrast_are_not(photo: Tensor) -> None:
    for edit in (photo * 0.3, photo * 0.5 + 0.4, 1 - photo, photo**1.2, photo.flip(0), photo):
        assert share_drawn(photo, edit, edit) == 0  # all of it is carried to full size


@pytest.mark.parametrize("sigma", [0.7, 1.5, 3.0])
def test_a_blur_is_not_drawn(photo: Tensor, sigma: float) -> None:
    soft = _blurred(photo, sigma)
    assert share_drawn(photo, photo, soft, measure_softness(photo, soft)) < 0.1


def test_what_is_gone_altogether_is_drawn_unless_a_blur_took_it(shapes: Tensor, texture: Tensor) -> None:
    photo = shapes + texture
    assert share_drawn(photo, photo, shapes, measure_softness(photo, shapes)) > 0.9


@pytest.fixture
def shapes() -> Tensor:
    """Flat shapes with steep borders.  # (3, h, w)"""
    g = torch.Generator().manual_seed(2)
    return interpolate(torch.rand(1, 3, 12, 16, generator=g), (96, 128), mode="nearest")[0] * 0.8 + 0.1


@pytest.fixture
def texture() -> Tensor:
    g = torch.Generator().manual_seed(3)
    return 0.05 * torch.randn(1, 96, 128, generator=g)


def test_paint_that_took_texture_out_between_borders_is_drawn(shapes: Tensor, texture: Tensor) -> None:
    photo = shapes + texture
    assert likeness(photo, shapes + 0.4 * texture) > 0.76  # it is the photo's still
    assert share_drawn(photo, photo, shapes + 0.4 * texture) > 0.9
    assert share_drawn(photo, photo, shapes + 0.95 * texture) < 0.1


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1)])
def test_pictures_without_steps_are_not_drawn(size: tuple[int, int]) -> None:
    flat = torch.full((3, *size), 0.5)
    assert contrast_spread(flat) <= 1
    assert share_drawn(flat, flat, flat) == 0


def test_structure_of_its_own_is_drawn_however_its_contrasts_are_spread(photo: Tensor) -> None:
    noise = torch.randn(photo.shape, generator=torch.Generator().manual_seed(1))
    own = avg_pool2d(photo[None], 9, 1, 4, count_include_pad=False)[0] + 0.05 * noise
    assert contrast_spread(own) / contrast_spread(photo) > 0.95
    assert share_drawn(photo, photo, own) == 1


def test_what_is_all_drawn_is_so_whatever_was_carried(photo: Tensor) -> None:
    blocks = interpolate(avg_pool2d(photo[None], 8), scale_factor=8, mode="nearest")[0]
    drawn = torch.rand(photo.shape, generator=torch.Generator().manual_seed(1))
    carried = (photo, blocks, 1 - photo, torch.zeros_like(photo))
    assert is_all_drawn(photo, drawn)
    assert [share_drawn(photo, each, drawn) for each in carried] == [1] * len(carried)
    assert not any(is_all_drawn(photo, edit) for edit in (photo, photo * 0.3, 1 - photo))


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
