"""Where an instruction means to change a photo: a network that reacts in one place, and the editor as a whole."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor

from ip2p_cli.editor import Editor, networks
from ip2p_cli.editor.guidance import Guidance
from ip2p_cli.editor.relevance import LEVELS, mask_of, relevance
from ip2p_cli.editor.rows import Bucket, Network
from ip2p_cli.errors import NonFiniteResult
from ip2p_cli.types import EditRequest, EditResult
from ip2p_samplers import ip2p_register_samplers

Photo = Callable[..., Image.Image]


class Reacts:
    """Predicts its noisy latents, and within a place the text as well."""

    def __init__(self, rows: slice, columns: slice, shape: tuple[int, int] = (12, 16)) -> None:
        self.where = torch.zeros(shape)
        self.where[rows, columns] = 1
        self.calls: list[int] = []

    def __call__(
        self, sample: Tensor, timestep: Tensor, *, encoder_hidden_states: Tensor, return_dict: bool
    ) -> tuple[Tensor]:
        self.calls.append(len(sample))
        said = encoder_hidden_states.mean(dim=(1, 2))[:, None, None, None]
        return (sample[:, :4] + said * self.where,)


def bucket(count: int) -> Bucket:
    generator = torch.Generator().manual_seed(0)
    return Bucket(
        photos=torch.randn(count, 4, 12, 16, generator=generator),
        texts=torch.arange(1, count + 1).float()[:, None, None].expand(count, 5, 6),
        no_text=torch.zeros(5, 6),
        noise=torch.zeros(count, 4, 12, 16),
        guidance=[Guidance(7.5, 1.5)] * count,
        generators=[torch.Generator() for _ in range(count)],
    )


def maps_of(count: int, network: Reacts, batch_size: int = 8) -> Tensor:
    draws = torch.randn(count, len(LEVELS), 4, 12, 16, generator=torch.Generator().manual_seed(1))
    return relevance(Network(network), DDIMScheduler(), bucket(count), draws, 0.2, batch_size)


def test_the_map_shows_where_the_text_counts_and_how_much() -> None:
    network = Reacts(slice(3, 7), slice(8, 14))
    found = maps_of(3, network)
    assert found.shape == (3, 12, 16)
    for item in range(3):
        assert torch.allclose(found[item], (item + 1) * network.where, atol=1e-5)
    assert set(network.calls) == {8}  # short batches are filled up


def test_the_map_is_the_same_at_any_batch_size() -> None:
    network = Reacts(slice(3, 7), slice(8, 14))
    assert torch.allclose(maps_of(3, network, 8), maps_of(3, network, 5), atol=1e-6)


def test_a_mask_is_white_there_black_elsewhere_and_soft_between() -> None:
    values = torch.zeros(12, 16)
    values[3:7, 8:14] = 1.0
    mask = np.asarray(mask_of(values, (slice(0, 96), slice(0, 128)), (640, 480), 8))
    assert mask.shape == (480, 640)
    assert (mask[160:240, 360:520] == 255).all()
    assert (mask[:60] == 0).all() and (mask[:, :200] == 0).all() and (mask[400:] == 0).all()
    assert ((mask > 0) & (mask < 255)).any()


def test_the_padding_of_the_canvas_is_left_out() -> None:
    values = torch.zeros(12, 16)
    values[:, 8:] = 1.0
    mask = np.asarray(mask_of(values, (slice(16, 80), slice(0, 128)), (128, 64), 8))
    assert mask.shape == (64, 128) and (mask[:, 80:] == 255).all() and (mask[:, :48] == 0).all()


WINDOW, SIZE, FACTOR = (slice(0, 256), slice(0, 320)), (320, 256), 16  # a map of 16 x 20 latents


def region(rows: slice, columns: slice) -> np.ndarray:
    inside = np.zeros((16, 20), bool)
    inside[rows, columns] = True
    return inside


def made(inside: np.ndarray, background: float, unrest: float = 0.15) -> np.ndarray:
    """The mask that comes of a map that is 1 inside and `background` outside, with noise in proportion."""
    noise = np.exp(np.random.default_rng(0).normal(0, unrest, inside.shape))
    return np.asarray(mask_of(torch.tensor(np.where(inside, 1, background) * noise), WINDOW, SIZE, FACTOR))


def enlarged(inside: np.ndarray, margin: int = 0) -> np.ndarray:
    padded = np.pad(inside, margin)
    views = [np.roll(padded, (y, x), (0, 1)) for y in range(-margin, margin + 1) for x in range(-margin, margin + 1)]
    grown = np.logical_or.reduce(views)[margin : margin + 16, margin : margin + 20]
    return np.kron(grown, np.ones((FACTOR, FACTOR), bool))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 14), st.integers(0, 18), st.integers(2, 5), st.floats(0, 0.15))
def test_a_small_thing_has_a_small_mask(row: int, column: int, side: int, background: float) -> None:
    inside = region(slice(row, row + side), slice(column, column + side))
    mask = made(inside, background)
    assert mask[~enlarged(inside, margin=2)].max(initial=0) == 0
    middle = slice(row * FACTOR + 8, (row + min(side, 16 - row)) * FACTOR - 8)
    assert (mask[middle, column * FACTOR + 16] > 200).all()


@pytest.mark.parametrize("background", [0.0, 0.1, 0.2, 0.3])
@pytest.mark.parametrize("columns", [8, 16])
def test_a_large_region_is_kept_apart_from_the_rest(columns: int, background: float) -> None:
    inside = region(slice(None), slice(0, columns))
    mask = made(inside, background)
    assert mask[enlarged(inside)].mean() > 245
    assert mask[~enlarged(inside, margin=1)].mean() < 30


@pytest.mark.parametrize("unrest", [0.0, 0.1, 0.2])
def test_an_instruction_for_all_of_the_photo_is_not_held_back(unrest: float) -> None:
    mask = made(region(slice(None), slice(None)), 1.0, unrest)
    assert mask.mean() > 253 and mask.min() > 100


@pytest.mark.parametrize("values", [torch.zeros(16, 20), 1e-6 * torch.rand(16, 20, generator=torch.Generator())])
def test_where_the_instruction_means_nothing_nothing_may_change(values: Tensor) -> None:
    assert np.asarray(mask_of(values, WINDOW, SIZE, FACTOR)).max() == 0


def test_the_padding_of_the_canvas_says_nothing_of_the_photo() -> None:
    values = torch.zeros(16, 20)
    values[6:9, 8:11] = 1.0
    values[:3] = 5.0  # 48 pixels of padding
    mask = np.asarray(mask_of(values, (slice(80, 256), slice(0, 320)), (320, 176), FACTOR))
    assert mask[40, 150] == 255 and mask[100:].max() == 0


def test_a_large_photo_s_mask_takes_no_floats_of_its_size() -> None:
    values = torch.zeros(16, 20)
    values[6:9, 8:11] = 1.0
    tracemalloc.start()
    try:
        assert mask_of(values, WINDOW, (3000, 2400), FACTOR).size == (3000, 2400)
        assert tracemalloc.get_traced_memory()[1] < 3000 * 2400 * 4
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("full_resolution", [True, False])
def test_the_editor_keeps_to_its_mask(editor: Editor, photo: Photo, full_resolution: bool) -> None:
    request = EditRequest(photo(1, 90, 70), "make it night", steps=3, auto_mask=True, seed=3)
    [result] = editor.edit([request], full_resolution=full_resolution)
    [free] = editor.edit([replace(request, auto_mask=False)], full_resolution=full_resolution)
    assert free.mask is None and result.mask is not None
    assert result.mask.size == result.image.size == free.image.size
    mask, inside = np.asarray(result.mask), np.asarray(result.mask) == 255
    image, edited = np.asarray(result.image), np.asarray(free.image)
    assert (image[inside] == edited[inside]).all()
    if full_resolution:
        assert (image[mask == 0] == np.asarray(request.image)[mask == 0]).all()


def test_masks_are_the_same_alone_and_in_company(editor: Editor, photo: Photo) -> None:
    requests = [
        EditRequest(photo(n), words, steps=2, auto_mask=n != 2, seed=n)
        for n, words in enumerate(("night", "add snow", "winter", "", "make it night"))
    ]
    together = editor.edit(requests, full_resolution=False)
    for number in (0, 4):
        [alone] = editor.edit([requests[number]], full_resolution=False)
        assert together[number].mask is not None and alone.mask is not None
        assert together[number].mask.tobytes() == alone.mask.tobytes()
    assert together[2].mask is None


class TestNonFinite:
    """The first item's map is NaN, in half precision only or always."""

    def outcomes(
        self, checkpoint: Path, photo: Photo, monkeypatch: pytest.MonkeyPatch, bad: Callable[[torch.dtype], bool]
    ) -> list[EditResult | NonFiniteResult]:
        def spoilt(unet: Any, scheduler: Any, bucket: Bucket, *rest: Any) -> Tensor:
            maps = relevance(unet, scheduler, bucket, *rest)
            if bad(bucket.photos.dtype):
                maps[0] = torch.nan
            return maps

        monkeypatch.setattr(networks, "relevance", spoilt)
        half = Editor.load(checkpoint, ip2p_register_samplers(), device="cpu", dtype="bfloat16")
        requests = [EditRequest(photo(n), words, steps=2, auto_mask=True) for n, words in enumerate(("night", "snow"))]
        return half.edit_each(requests, full_resolution=False)

    @pytest.mark.usefixtures("one_lane")
    def test_a_bad_map_is_made_again_in_float32_and_its_neighbour_s_is_not(
        self, tiny_checkpoint: Path, photo: Photo, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        again, neighbour = self.outcomes(tiny_checkpoint, photo, monkeypatch, lambda dtype: dtype != torch.float32)
        _, expected = self.outcomes(tiny_checkpoint, photo, monkeypatch, lambda dtype: False)
        assert isinstance(again, EditResult) and again.mask is not None
        assert isinstance(neighbour, EditResult) and isinstance(expected, EditResult)
        assert neighbour.mask is not None and expected.mask is not None
        assert neighbour.mask.tobytes() == expected.mask.tobytes()

    @pytest.mark.usefixtures("one_lane")
    def test_it_fails_alone_where_float32_does_not_help(
        self, tiny_checkpoint: Path, photo: Photo, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bad, neighbour = self.outcomes(tiny_checkpoint, photo, monkeypatch, lambda dtype: True)
        assert isinstance(bad, NonFiniteResult) and isinstance(neighbour, EditResult)
