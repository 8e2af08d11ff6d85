"""Properties of the full-resolution transfer, on made pictures whose full-size truth is known."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor
from torch.nn.functional import avg_pool2d

from ip2p_cli.editor.detail import fit_transfer, transfer_detail
from ip2p_cli.editor.full_size import apply_transfer

Look = Callable[[Tensor], Tensor]


def scene(width: int, height: int) -> Image.Image:
    """Soft colour fields, hard edges and fine texture, from a fixed seed."""
    rng = np.random.default_rng(5)
    y, x = np.mgrid[0:height, 0:width]
    u, v = x / width, y / height
    fields = np.stack([0.3 + 0.5 * u, 0.5 + 0.3 * np.sin(6 * v), 0.8 - 0.5 * u * v], axis=-1)
    for _ in range(12):
        cx, cy, radius = rng.uniform(0, 1, 3)
        inside = (u - cx) ** 2 + (v - cy) ** 2 < (0.05 + 0.15 * radius) ** 2
        fields[inside] = rng.uniform(0.1, 0.9, 3)
    texture = 0.12 * np.sin(x * 1.3) * np.sin(y * 1.1 + x * 0.2)
    pixels = np.clip(fields + texture[..., None], 0, 1)
    return Image.fromarray(np.round(pixels * 255).astype(np.uint8))


def to_tensor(picture: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 255


def small(picture: Image.Image, size: tuple[int, int] = (128, 96)) -> Tensor:
    """A model-size copy, blurred as a codec would."""
    return avg_pool2d(to_tensor(picture.resize(size, Image.Resampling.BICUBIC)), 3, 1, 1, count_include_pad=False)


def psnr(left: Tensor, right: Tensor) -> float:
    return -10 * math.log10(max(float((left - right).square().mean()), 1e-10))


def bicubic(after: Tensor, size: tuple[int, int]) -> Tensor:
    pixels = (after.permute(1, 2, 0) * 255).round().byte().numpy()
    return to_tensor(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))


def sepia(x: Tensor) -> Tensor:
    matrix = torch.tensor([[0.39, 0.77, 0.19], [0.35, 0.69, 0.17], [0.27, 0.53, 0.13]])
    return torch.einsum("cd,dyx->cyx", matrix, x).clamp(0, 1)


def night(x: Tensor) -> Tensor:
    return 0.6 * x**1.8 * torch.tensor([0.5, 0.6, 1.0]).view(3, 1, 1)


def negative(x: Tensor) -> Tensor:
    return 1 - x


def fog(x: Tensor) -> Tensor:
    """Thicker towards the top: no single colour map gives it."""
    density = torch.linspace(0.9, 0.1, x.shape[1]).view(1, -1, 1)
    return density * 0.85 + (1 - density) * x


@pytest.mark.parametrize("codec_noise", [0.0, 0.05])
def test_no_edit_gives_the_original_back(codec_noise: float) -> None:
    original = scene(1024, 768)
    before = small(original)
    before = (before + codec_noise * torch.randn(before.shape, generator=torch.Generator().manual_seed(1))).clamp(0, 1)
    assert psnr(to_tensor(transfer_detail(original, before, before)), to_tensor(original)) >= 40


@pytest.mark.parametrize("look", [sepia, night, negative, fog], ids=lambda look: look.__name__)
def test_a_look_beats_bicubic_upsampling(look: Look) -> None:
    original = scene(1024, 768)
    before = small(original)
    truth, after = look(to_tensor(original)), look(before)
    gain = psnr(to_tensor(transfer_detail(original, before, after)), truth) - psnr(bicubic(after, (1024, 768)), truth)
    assert gain >= 4


def test_a_new_object_is_drawn_and_keeps_its_colour() -> None:
    original = scene(640, 480)
    before = small(original)
    after = before.clone()
    y, x = torch.meshgrid(torch.arange(96), torch.arange(128), indexing="ij")
    moon = (y - 30) ** 2 + (x - 40) ** 2 < 12**2
    after[:, moon] = torch.tensor([0.95, 0.95, 0.85]).unsqueeze(1)
    output = to_tensor(transfer_detail(original, before, after))
    centre = output[:, 125:175, 175:225]
    assert (centre.mean((1, 2)) - torch.tensor([0.95, 0.95, 0.85])).abs().max() < 0.05
    assert psnr(output[:, 300:], to_tensor(original)[:, 300:]) > 35


def test_a_new_object_is_not_told_from_what_it_covers() -> None:
    """A bright disc over bright specks: their colours meet by chance, and the specks must not shine through it."""
    rng = np.random.default_rng(3)
    pixels = np.full((480, 640, 3), 90, np.uint8)
    pixels[200:][rng.random((280, 640)) > 0.7] = 200
    original = Image.fromarray(pixels)
    before = small(original)
    y, x = torch.meshgrid(torch.arange(96), torch.arange(128), indexing="ij")
    after = 0.3 * before
    after[:, (y - 46) ** 2 + (x - 60) ** 2 < 13**2] = 0.95
    disc = to_tensor(transfer_detail(original, before, after))[:, 210:270, 270:330]
    shown = transfer_detail(original, before, 0.3 * before)
    assert disc.std() < 0.6 * to_tensor(shown)[:, 210:270, 270:330].std()


def test_a_drawn_style_does_not_let_the_photo_shine_through() -> None:
    original = scene(640, 480)
    before = small(original)
    strokes = torch.rand(before.shape[1:], generator=torch.Generator().manual_seed(2)).gt(0.5).float().expand(3, -1, -1)
    output = to_tensor(transfer_detail(original, before, strokes))
    assert psnr(output, bicubic(strokes, (640, 480))) > 24


def test_an_edit_of_one_colour_gives_that_colour() -> None:
    original = scene(300, 200)
    before = small(original)
    after = torch.tensor([0.2, 0.6, 0.4]).view(3, 1, 1).expand_as(before)
    output = to_tensor(transfer_detail(original, before, after))
    assert (output - torch.tensor([0.2, 0.6, 0.4]).view(3, 1, 1)).abs().max() <= 2 / 255


def test_a_photo_of_one_colour_takes_the_edit() -> None:
    original = Image.new("RGB", (300, 200), (90, 90, 90))
    before = torch.full((3, 96, 128), 90 / 255)
    after = to_tensor(scene(128, 96))
    output = to_tensor(transfer_detail(original, before, after))
    assert psnr(output, bicubic(after, (300, 200))) > 22


def test_a_grey_photo_takes_a_tint() -> None:
    original = scene(640, 480).convert("L").convert("RGB")
    before = small(original)
    truth = sepia(to_tensor(original))
    assert psnr(to_tensor(transfer_detail(original, before, sepia(before))), truth) > 35


def test_tiles_leave_no_seams(monkeypatch: pytest.MonkeyPatch) -> None:
    original = scene(300, 200)
    before = small(original)
    whole = np.array(transfer_detail(original, before, fog(before)))
    monkeypatch.setattr("ip2p_cli.editor.full_size.TILE_WIDTH", 37)
    monkeypatch.setattr("ip2p_cli.editor.full_size.TILE_HEIGHT", 11)
    tiled = np.array(transfer_detail(original, before, fog(before)))
    assert np.abs(whole.astype(int) - tiled.astype(int)).max() <= 1


@pytest.mark.parametrize("look", [sepia, night, fog], ids=lambda look: look.__name__)
def test_what_is_said_of_the_copy_is_what_a_photo_of_its_size_would_be(look: Look) -> None:
    original, copy = scene(1024, 768), scene(128, 96)
    before = small(original)
    transfer = fit_transfer(to_tensor(original.resize(copy.size)), before, look(before))
    said = transfer.of_copy(to_tensor(copy))
    assert float((said - to_tensor(apply_transfer(copy, transfer))).abs().max()) <= 1.5 / 255  # of two 8-bit roundings


@settings(max_examples=25)
@given(
    size=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    model=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    seed=st.integers(0, 9),
    contrast=st.sampled_from([0.0, 1e-4, 0.1, 1.0]),
)
def test_any_sizes_give_the_originals_size(
    size: tuple[int, int], model: tuple[int, int], seed: int, contrast: float
) -> None:
    generator = torch.Generator().manual_seed(seed)
    before = 0.5 + contrast * (torch.rand((3, *model), generator=generator) - 0.5)
    after = torch.rand((3, *model), generator=generator)
    output = transfer_detail(scene(*size), before, after)
    assert output.size == size and output.mode == "RGB"


def test_a_panorama_is_done_in_tiles() -> None:
    original = scene(9000, 20)
    before = small(original, (256, 16))
    output = transfer_detail(original, before, before)
    assert psnr(to_tensor(output), to_tensor(original)) >= 40


def test_no_value_is_lost_to_nan() -> None:
    """A degenerate window would show as black: a white edit of a black photo must stay white."""
    black, white = torch.zeros(3, 40, 60), torch.ones(3, 40, 60)
    output = np.array(transfer_detail(Image.new("RGB", (120, 80)), black, white))
    assert output.min() >= 253


def test_the_coarser_the_codec_the_less_its_blots_are_taken_for_strokes() -> None:
    original = scene(640, 480)
    copy = to_tensor(original.resize((128, 96), Image.Resampling.LANCZOS))
    generator = torch.Generator().manual_seed(4)
    strokes, error = (scale * torch.randn(copy.shape, generator=generator) for scale in (0.06, 0.1))
    faithful, coarse = (
        psnr(to_tensor(transfer_detail(original, before, before + strokes)), to_tensor(original))
        for before in (copy, copy + error)
    )
    assert coarse > faithful + 3
