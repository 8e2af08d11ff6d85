from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ip2p_cli.editor import Editor
from ip2p_cli.errors import NonFiniteResult, UsageError
from ip2p_cli.sampler_names import own_names
from ip2p_cli.types import EditRequest, EditResult
from ip2p_samplers import ip2p_register_samplers

Photo = Callable[..., Image.Image]
REFUSED = {"dpm++2m-sde-karras", "dpm++sde-karras", "lcm", "tcd"}  # by this checkpoint: tests/contracts says why
SAMPLERS = sorted(set(own_names(ip2p_register_samplers())) - REFUSED)


def crowd(photo: Photo) -> list[EditRequest]:
    """Eight requests that differ in photo, instruction, guidance (so in rows) and seed, all of one size."""
    scales = [(3.0, 1.3), (7.5, 1.5), (3.0, 1.0), (1.0, 1.0), (1.5, 1.5), (0.0, 1.0), (2.0, 0.8), (3.0, 1.3)]
    words = ["make it night", "add snow", "winter", ""]
    return [
        EditRequest(photo(n), words[n % 4], steps=4, text_guidance=text, image_guidance=image, seed=n)
        for n, (text, image) in enumerate(scales)
    ]


def pixels(result: EditResult) -> np.ndarray:
    return np.asarray(result.image).astype(int)


def furthest(one: EditResult, other: EditResult) -> int:
    return int(np.abs(pixels(one) - pixels(other)).max())


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_bytes_are_the_same_alone_and_in_any_company(editor: Editor, photo: Photo, sampler: str) -> None:
    requests = [replace(request, sampler=sampler) for request in crowd(photo)]
    together = editor.edit(requests, full_resolution=False)
    order = list(range(8))
    random.Random(5).shuffle(order)
    shuffled = editor.edit([requests[place] for place in order], full_resolution=False)
    for place, number in enumerate(order):
        assert furthest(together[number], shuffled[place]) == 0
    for number in (0, 3, 6):
        [alone] = editor.edit([requests[number]], full_resolution=False)
        assert furthest(together[number], alone) == 0
    assert furthest(together[0], together[1]) > 20  # the pictures do differ: the test can fail


@pytest.mark.parametrize("batch_size", [1, 3, 5])
def test_pixels_agree_between_batch_sizes(editor: Editor, photo: Photo, batch_size: int) -> None:
    requests = crowd(photo)
    eight = editor.edit(requests)
    editor.batch_size = batch_size
    for one, other in zip(eight, editor.edit(requests), strict=True):
        assert furthest(one, other) <= 1


def test_requests_that_share_no_batch_come_back_in_order(editor: Editor, photo: Photo) -> None:
    requests = [
        EditRequest(photo(0, 48, 48), "winter", steps=4, sampler="ddim"),
        EditRequest(photo(1, 90, 40), "winter", steps=4, sampler="ddim"),
        EditRequest(photo(2, 48, 48), "winter", steps=3, sampler="ddim"),
        EditRequest(photo(3, 48, 48), "winter", steps=4, sampler="pndm"),
        EditRequest(photo(4, 50, 50), "add snow", steps=4, sampler="ddim"),
        EditRequest(photo(5, 40, 90), "winter"),
    ]
    results = editor.edit(requests)
    for request, result in zip(requests, results, strict=True):
        assert result.image.size == request.image.size
        [alone] = editor.edit([request])
        assert furthest(result, alone) == 0
    assert results[5].steps == 4
    assert (results[5].text_guidance, results[5].image_guidance, results[5].sampler) == (3.0, 1.3, "ddim")


@pytest.mark.parametrize("size", [(1, 1), (1, 70), (33, 1), (31, 47), (64, 64), (3000, 20)])
def test_output_has_the_inputs_size(editor: Editor, photo: Photo, size: tuple[int, int]) -> None:
    [full] = editor.edit([EditRequest(photo(0, *size), "winter", steps=2)])
    assert full.image.size == size
    assert full.image.mode == "RGB"
    assert all(0 <= figure <= 1 for figure in full.change.values())


def test_model_pixels_have_the_photos_aspect_and_no_padding(editor: Editor, photo: Photo) -> None:
    [result] = editor.edit([EditRequest(photo(0, 400, 200), "winter", steps=2)], full_resolution=False)
    width, height = result.image.size
    assert width == 2 * height
    assert width > 32


def test_size_replaces_the_native_one(editor: Editor, photo: Photo) -> None:
    [result] = editor.edit([EditRequest(photo(0), "winter", steps=2)], full_resolution=False, size=64)
    assert result.image.size == (64, 64)
    with pytest.raises(UsageError, match="size 2"):
        editor.edit([EditRequest(photo(0), "winter")], size=2)


def test_seed_variant_step_and_source_each_change_the_noise(editor: Editor, photo: Photo) -> None:
    base = EditRequest(photo(0), "winter", steps=4)
    others = [
        replace(base, seed=1),
        replace(base, variant=1),
        replace(base, step_index=1),
        replace(base, source_digest=b"another"),
    ]
    first, *rest = editor.edit([base, *others])
    assert all(furthest(first, result) > 5 for result in rest)


def test_given_noise_is_used_and_fixes_the_size(editor: Editor, photo: Photo) -> None:
    noise = torch.randn(4, 12, 8, generator=torch.Generator().manual_seed(1))
    request = EditRequest(photo(0, 48, 72), "winter", steps=4, noise=noise)
    first, again, other = editor.edit(
        [request, replace(request, seed=9), replace(request, noise=noise.flip(-1))], full_resolution=False
    )
    assert first.image.size == (16, 24)
    assert furthest(first, again) == 0
    assert furthest(first, other) > 5


@pytest.mark.parametrize("shape", [(3, 8, 8), (4, 7, 8), (4, 8, 9)])
def test_noise_of_another_shape_is_refused(editor: Editor, photo: Photo, shape: tuple[int, int, int]) -> None:
    with pytest.raises(UsageError, match="noise of shape"):
        editor.edit([EditRequest(photo(0), "winter", noise=torch.zeros(shape))])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sampler": "dimm"}, "did you mean 'ddim'"),
        ({"steps": 0}, "steps 0"),
        ({"steps": 1001}, "steps 1001"),
        ({"text_guidance": float("nan")}, "text guidance"),
    ],
)
def test_settings_that_cannot_run_are_refused_first(
    editor: Editor, photo: Photo, changes: dict[str, Any], message: str
) -> None:
    good = EditRequest(photo(0), "winter", steps=2)
    with pytest.raises(UsageError, match=message):
        editor.edit([good, replace(good, **changes)])


def test_results_do_not_depend_on_history(tiny_checkpoint: Path, editor: Editor, photo: Photo) -> None:
    request = EditRequest(photo(0), "make it night", steps=4, sampler="dpm++2m")
    editor.edit(crowd(photo))
    [used] = editor.edit([request])
    fresh = Editor.load(tiny_checkpoint, ip2p_register_samplers(), device="cpu")
    [new] = fresh.edit([request])
    assert furthest(used, new) == 0


def test_instruction_matters(editor: Editor, photo: Photo) -> None:
    request = EditRequest(photo(0), "make it night", steps=4, text_guidance=7.5)
    night, snow = editor.edit([request, replace(request, instruction="add snow")])
    assert furthest(night, snow) > 5


@pytest.mark.usefixtures("one_lane")
def test_each_photo_and_instruction_is_encoded_once(
    tiny_checkpoint: Path, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = Editor.load(tiny_checkpoint, ip2p_register_samplers(), device="cpu")
    calls = {"vae": 0, "text": 0}
    networks = editor._components
    monkeypatch.setattr(networks.vae, "encode", counted(networks.vae.encode, calls, "vae"))
    monkeypatch.setattr(networks.text_encoder, "forward", counted(networks.text_encoder.forward, calls, "text"))
    requests = [EditRequest(photo(n % 2), "winter", steps=2, seed=n) for n in range(6)]
    for _ in range(2):
        editor.edit(requests, full_resolution=False)  # at full size a result may be looked at once more
    assert calls == {"vae": 2, "text": 2}  # "winter" and the empty instruction


@pytest.mark.parametrize(("scales", "rows"), [((3.0, 1.3), 3), ((3.0, 1.0), 2), ((1.0, 1.0), 1)])
@pytest.mark.parametrize("batch_size", [1, 8])
@pytest.mark.usefixtures("one_lane")
def test_rows_of_coefficient_0_cost_nothing(
    tiny_checkpoint: Path,
    photo: Photo,
    monkeypatch: pytest.MonkeyPatch,
    scales: tuple[float, float],
    rows: int,
    batch_size: int,
) -> None:
    editor = Editor.load(tiny_checkpoint, ip2p_register_samplers(), device="cpu")
    editor.batch_size = batch_size
    unet, called = editor._components.unet, []
    honest = unet.forward

    def forward(sample: torch.Tensor, *args: Any, **options: Any) -> Any:
        called.append(len(sample))
        return honest(sample, *args, **options)

    monkeypatch.setattr(unet, "forward", forward)
    requests = [
        EditRequest(photo(n), "winter", steps=5, text_guidance=scales[0], image_guidance=scales[1])
        for n in range(batch_size)
    ]
    editor.edit(requests)
    assert sum(called) == 5 * rows * batch_size


@pytest.mark.usefixtures("one_lane")
def test_a_short_call_has_no_more_rows_than_it_needs_to_give_the_same_bytes(
    tiny_checkpoint: Path, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = Editor.load(tiny_checkpoint, ip2p_register_samplers(), device="cpu")
    requests = crowd(photo)
    together = editor.edit(requests, full_resolution=False)
    honest = editor._components.unet.forward
    shapes = []

    def forward(sample: torch.Tensor, *args: Any, **options: Any) -> Any:
        """Calls of one or two rows go through other kernels, so to say."""
        shapes.append(len(sample))
        predicted = honest(sample, *args, **options)[0]
        return (predicted + 1e-3,) if len(sample) < 4 else (predicted,)

    monkeypatch.setattr(editor._components.unet, "forward", forward)
    editor._lanes.submit(lambda networks: networks._network._same_bytes.clear()).result()
    for number, sizes in ((3, {4}), (0, {4}), (1, {4})):  # of one row, three, three
        shapes.clear()
        [alone] = editor.edit([requests[number]], full_resolution=False)
        assert furthest(together[number], alone) == 0
        assert set(shapes[-requests[number].steps :]) <= sizes | {8}


def test_rgba_and_grey_images_are_taken(editor: Editor, photo: Photo) -> None:
    grey, clear = photo(0).convert("L"), photo(0).convert("RGBA")
    for result in editor.edit([EditRequest(grey, "winter", steps=2), EditRequest(clear, "winter", steps=2)]):
        assert result.image.mode == "RGB"


def test_no_requests_no_results(editor: Editor) -> None:
    assert editor.edit([]) == []


def counted(function: Callable, calls: dict[str, int], name: str) -> Callable:
    def call(*args: Any, **options: Any) -> Any:
        calls[name] += 1
        return function(*args, **options)

    return call


class TestNonFinite:
    """A weight is spoilt, so that one instruction's rows are NaN, in half precision only or always."""

    def editor(self, checkpoint: Path, monkeypatch: pytest.MonkeyPatch, when: Callable[[torch.dtype], bool]) -> Editor:
        editor = Editor.load(checkpoint, ip2p_register_samplers(), device="cpu", dtype="bfloat16")
        honest = type(editor._components.text_encoder).forward  # of all copies, too
        bad = editor._components.tokenizer("winter", padding="max_length", return_tensors="pt").input_ids

        def forward(
            encoder: torch.nn.Module, input_ids: torch.Tensor, attention_mask: torch.Tensor | None = None
        ) -> tuple[torch.Tensor]:
            [hidden] = honest(encoder, input_ids, attention_mask=attention_mask)[:1]
            if torch.equal(input_ids, bad) and when(hidden.dtype):
                hidden = hidden * torch.nan
            return (hidden,)

        monkeypatch.setattr(type(editor._components.text_encoder), "forward", forward)
        return editor

    def requests(self, photo: Photo) -> list[EditRequest]:
        return [EditRequest(photo(n), words, steps=3) for n, words in enumerate(["add snow", "winter", "the picture"])]

    def test_a_bad_row_is_run_again_in_float32(
        self, tiny_checkpoint: Path, photo: Photo, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        half = self.editor(tiny_checkpoint, monkeypatch, when=lambda dtype: dtype != torch.float32)
        results = half.edit(self.requests(photo))
        rounded = Editor.load(tiny_checkpoint, ip2p_register_samplers(), device="cpu", dtype="bfloat16")
        wide = rounded._components.in_float32()
        expected = Editor(rounded._checkpoint, wide, rounded._samplers).edit(self.requests(photo))
        assert furthest(results[1], expected[1]) == 0
        assert half.dtype == torch.bfloat16

    def test_then_it_fails_alone(self, tiny_checkpoint: Path, photo: Photo, monkeypatch: pytest.MonkeyPatch) -> None:
        broken = self.editor(tiny_checkpoint, monkeypatch, when=lambda dtype: True)
        good, bad, also_good = broken.edit_each(self.requests(photo))
        assert isinstance(bad, NonFiniteResult)
        assert "winter" in str(bad)
        assert isinstance(good, EditResult)
        assert isinstance(also_good, EditResult)
        with pytest.raises(NonFiniteResult):
            broken.edit(self.requests(photo))

    def test_neighbours_are_unharmed(
        self, tiny_checkpoint: Path, photo: Photo, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        broken = self.editor(tiny_checkpoint, monkeypatch, when=lambda dtype: True)
        first, _, third = broken.edit_each(self.requests(photo))
        monkeypatch.undo()
        sound = Editor.load(tiny_checkpoint, ip2p_register_samplers(), device="cpu", dtype="bfloat16")
        expected = sound.edit(self.requests(photo))
        assert isinstance(first, EditResult)
        assert isinstance(third, EditResult)
        assert furthest(first, expected[0]) == 0
        assert furthest(third, expected[2]) == 0
