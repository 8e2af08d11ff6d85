"""Detail is kept where the edit kept it, and not brought back where the edit blurred."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter
from torch import Tensor

from ip2p_cli.editor.softness import share_of_detail, soften


def textured(seed: int = 0) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 255, (48, 64, 3), np.uint8)
    return Image.fromarray(noise).filter(ImageFilter.GaussianBlur(1))


def as_tensor(image: Image.Image) -> Tensor:
    return torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1).float() / 255


def test_an_edit_as_sharp_as_its_carried_copy_keeps_all_detail() -> None:
    picture = as_tensor(textured())
    assert share_of_detail(picture, picture) == 1.0
    assert share_of_detail(picture, (picture * 1.2).clamp(0, 1)) == 1.0


def test_a_blurred_edit_keeps_none_and_the_share_falls_with_the_blur() -> None:
    sharp = textured()
    shares = [
        share_of_detail(as_tensor(sharp), as_tensor(sharp.filter(ImageFilter.GaussianBlur(radius))))
        for radius in (0.0, 0.4, 3.0)
    ]
    assert shares[0] == 1.0 and shares[-1] == 0.0
    assert shares == sorted(shares, reverse=True)


def test_flat_pictures_are_no_trouble() -> None:
    flat = torch.full((3, 16, 16), 0.5)
    assert 0.0 <= share_of_detail(flat, flat) <= 1.0


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_softening_keeps_the_size(share: float) -> None:
    carried, after = textured(), textured(1).resize((20, 15))
    assert soften(carried, after, share).size == carried.size
