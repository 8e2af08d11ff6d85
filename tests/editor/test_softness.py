"""Detail is kept where the edit kept it, and not brought back where the edit blurred."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter
from torch import Tensor

from ip2p_cli.editor.softness import SoftFocus, measure_softness, soften


def textured(seed: int = 0, size: tuple[int, int] = (64, 48)) -> Image.Image:
    """Structure of all sizes, as in photos."""
    rng = np.random.default_rng(seed)
    sheets = [Image.fromarray(rng.integers(0, 255, (48 // k, 64 // k, 3), np.uint8)) for k in (1, 2, 4, 8, 16)]
    pixels = np.mean([np.asarray(sheet.resize(size, Image.Resampling.BICUBIC), np.float32) for sheet in sheets], axis=0)
    return Image.fromarray(pixels.astype(np.uint8))


def blurred(picture: Image.Image, sigma: float) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(sigma))


def as_tensor(image: Image.Image) -> Tensor:
    return torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1).float() / 255


def test_an_edit_as_sharp_as_its_carried_copy_is_left_alone() -> None:
    picture, tensor = textured(), as_tensor(textured())
    for edit in (tensor, (tensor * 1.2).clamp(0, 1)):
        assert soften(picture, measure_softness(tensor, edit)) is picture


@pytest.mark.parametrize("sigma", [1.0, 2.0])
@pytest.mark.parametrize("codec", [0.0, 1.0])
def test_the_edits_own_blur_is_found_whatever_the_codec_blurs(sigma: float, codec: float) -> None:
    sharp, truth = textured(), blurred(textured(), sigma)
    focus = measure_softness(as_tensor(blurred(sharp, codec)), as_tensor(blurred(truth, codec)))
    error, before = (float((as_tensor(x) - as_tensor(truth)).abs().mean()) for x in (soften(sharp, focus), sharp))
    assert error < 0.35 * before


def test_a_soft_focus_keeps_its_share_of_detail() -> None:
    sharp = textured()
    after = Image.blend(blurred(sharp, 2), sharp, 0.4)
    assert 0.2 <= measure_softness(as_tensor(sharp), as_tensor(after)).share <= 0.6


def test_flat_pictures_are_no_trouble() -> None:
    flat = torch.full((3, 16, 16), 0.5)
    assert 0.0 <= measure_softness(flat, flat).share <= 1.0


@pytest.mark.parametrize("size", [(1, 1), (7, 300), (641, 479)])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_softening_keeps_the_size(size: tuple[int, int], share: float) -> None:
    assert soften(textured(1, size), SoftFocus(0.02, share)).size == size


def test_a_large_blur_moves_nothing() -> None:
    """It is done on a smaller copy: that must lie where the picture lies."""
    picture = textured(2, (1003, 701))
    done, plain = (np.asarray(x, np.float32) for x in (soften(picture, SoftFocus(0.012, 0)), blurred(picture, 12.036)))
    assert np.abs(done - plain).mean() < 1
