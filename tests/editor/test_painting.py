"""Drawn edits at full size: the photo's edges where the edit keeps them, none of its texture where it is flat paint."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import avg_pool2d

from ip2p_cli.editor.painting import paint
from tests.editor.test_detail import bicubic, psnr, scene, small, to_tensor


def flat_scene(width: int, height: int) -> tuple[Image.Image, Image.Image]:
    """A photo with texture, and the same painted: without it."""
    textured = scene(width, height)
    y, x = np.mgrid[0:height, 0:width]
    texture = 0.12 * np.sin(x * 1.3) * np.sin(y * 1.1 + x * 0.2)
    painted = np.clip(np.asarray(textured) / 255 - texture[..., None], 0, 1)
    return textured, Image.fromarray(np.round(painted * 255).astype(np.uint8))


def fine(picture: Tensor) -> float:
    smooth = avg_pool2d(picture[None], 5, 1, 2, count_include_pad=False)[0]
    return float((picture - smooth).square().mean())


def steepest(picture: Tensor, truth: Tensor) -> float:
    """Mean step to the right where the truth's are steepest."""
    step, true_step = (x.mean(0).diff(dim=1).abs() for x in (picture, truth))
    return float(step[true_step > true_step.quantile(0.98)].mean())


def test_paint_has_the_photos_edges_and_not_its_texture() -> None:
    photo, painted = flat_scene(512, 384)
    truth, after = to_tensor(painted), small(painted)
    result = to_tensor(paint(photo, small(photo), after))
    steps, plain = (steepest(picture, truth) for picture in (result, bicubic(after, photo.size)))
    assert steps > 1.4 * plain, "sharper than the edit's own pixels"
    assert psnr(result, truth) >= psnr(bicubic(after, photo.size), truth)
    assert fine(result - truth) < 0.35 * fine(to_tensor(photo) - truth)


def test_blocks_stay_blocks() -> None:
    photo = scene(256, 192)
    blocks = to_tensor(photo.resize((16, 12), Image.Resampling.BOX).resize((128, 96), Image.Resampling.NEAREST))
    result = to_tensor(paint(photo, small(photo), blocks))
    assert psnr(result, bicubic(blocks, photo.size)) > 28


def test_new_outlines_are_the_edits_own() -> None:
    photo = scene(256, 192)
    after = small(photo).clone()
    after[:, 40:44, 20:110] = 0.0
    result = to_tensor(paint(photo, small(photo), after))
    assert float(result[:, 82:86, 60:200].mean()) < 0.12


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (17, 5), (300, 1)])
def test_any_size(size: tuple[int, int]) -> None:
    photo = Image.new("RGB", size, (90, 120, 60))
    before = torch.full((3, 8, 8), 0.4)
    result = paint(photo, before, torch.full((3, 8, 8), 0.8))
    assert result.size == size
    assert abs(float(to_tensor(result).mean()) - 0.8) < 0.01
