"""Where an instruction means to change a photo: a network that reacts in one place, and the editor as a whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler
from PIL import Image
from torch import Tensor

from ip2p_cli.editor import Editor
from ip2p_cli.editor.guidance import Guidance
from ip2p_cli.editor.relevance import LEVELS, mask_of, relevance
from ip2p_cli.editor.rows import Bucket, Network
from ip2p_cli.types import EditRequest

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


def test_an_instruction_for_all_of_the_photo_is_not_held_back() -> None:
    values = 1 + 0.2 * torch.rand(12, 16, generator=torch.Generator().manual_seed(0))
    assert np.asarray(mask_of(values, (slice(0, 96), slice(0, 128)), (640, 480), 8)).min() == 255


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
