"""Accelerated edits: of the same bytes in any company, nearer to the exact ones than another seed's, and cheaper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ip2p_cli.accelerations import parse_accelerations
from ip2p_cli.editor import Editor
from ip2p_cli.editor.fast.compiled import compile_blocks
from ip2p_cli.editor.fast.feature_reuse import features_kept
from ip2p_cli.types import EditRequest, EditResult
from ip2p_samplers import ip2p_register_samplers
from tests.tiny import TinySpec, make_checkpoint

Photo = Callable[..., Image.Image]


def load(folder: Path, *names: str, dtype: str | None = "float32") -> Editor:
    accelerations = parse_accelerations(names)
    return Editor.load(folder, ip2p_register_samplers(), device="cpu", dtype=dtype, accelerations=accelerations)


def furthest(one: EditResult, other: EditResult) -> int:
    return int(np.abs(np.asarray(one.image).astype(int) - np.asarray(other.image).astype(int)).max())


@pytest.mark.parametrize("names", [["guidance-reuse", "feature-reuse"], ["late-guidance", "guidance-interval"]])
def test_bytes_are_the_same_alone_and_in_any_company(tiny_checkpoint: Path, photo: Photo, names: list[str]) -> None:
    editor = load(tiny_checkpoint, *names)
    editor.batch_size = 4  # which its rows do not fill: short calls are tried
    scales = [(3.0, 1.3), (1.0, 1.0), (3.0, 1.0), (0.0, 1.2)]
    requests = [
        EditRequest(photo(n), "winter", steps=6, text_guidance=text, image_guidance=image, seed=n)
        for n, (text, image) in enumerate(scales)
    ]
    together = editor.edit(requests, full_resolution=False)
    assert furthest(together[0], together[1]) > 20
    for number in (3, 0, 1):
        [alone] = editor.edit([requests[number]], full_resolution=False)
        assert furthest(together[number], alone) == 0


def test_inner_blocks_are_spared_at_every_second_step(tiny_checkpoint: Path, photo: Photo) -> None:
    editor, calls = load(tiny_checkpoint, "feature-reuse"), Counter[str]()
    editor.batch_size = 1
    unet = editor._components.unet
    for name, block in (("outer", unet.down_blocks[0]), ("inner", unet.down_blocks[1]), ("middle", unet.mid_block)):
        block.register_forward_hook(lambda *_, name=name: calls.update([name]))
    original = {name: type(unet.get_submodule(name)).forward for name in ("down_blocks.1", "mid_block")}
    seen = Counter[str]()
    for name, forward in original.items():
        block = unet.get_submodule(name)

        def counting(
            *arguments: Any, block: Any = block, forward: Any = forward, name: str = name, **options: Any
        ) -> Any:
            seen[name] += 1
            return forward(block, *arguments, **options)

        block.forward = counting
    editor.edit([EditRequest(photo(0), "winter", steps=6)], full_resolution=False)
    assert calls["outer"] == 6
    assert seen == {"down_blocks.1": 4, "mid_block": 4}
    assert all("counting" in unet.get_submodule(name).forward.__name__ for name in original), "as it was before"


def test_kept_features_are_those_of_the_same_rows(tiny_checkpoint: Path) -> None:
    unet = load(tiny_checkpoint)._components.unet
    generator = torch.Generator().manual_seed(1)
    first, second = torch.randn(2, 1, 8, 16, 16, generator=generator)
    texts = torch.randn(1, 16, 32, generator=generator)

    def call(sample: torch.Tensor) -> torch.Tensor:
        return unet(sample, torch.tensor(500), encoder_hidden_states=texts, return_dict=False)[0]

    with torch.inference_mode(), features_kept(unet) as features:
        with features.of("a", reuse=False):
            whole = call(first)
        with features.of("b", reuse=True):  # nothing is kept for these rows yet
            assert torch.equal(call(second), other := call(second))
        call(torch.cat([second, second])[:1])  # of nobody: it neither gives nor takes
        with features.of("a", reuse=True):
            assert torch.equal(call(first), whole)
            assert not torch.equal(call(second), other), "the inner features are those of `first`"
    with torch.inference_mode():
        assert torch.equal(call(second), other)


@pytest.mark.parametrize("name", ["feature-reuse", "guidance-reuse"])
def test_a_single_step_is_exact(tiny_checkpoint: Path, photo: Photo, name: str) -> None:
    request = EditRequest(photo(0), "winter", steps=1)
    [exact], [quick] = (load(tiny_checkpoint, *names).edit([request]) for names in ([], [name]))
    assert furthest(exact, quick) == 0


def test_a_chain_is_encoded_once_and_decoded_once(
    tiny_checkpoint: Path, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor, calls = load(tiny_checkpoint), Counter[str]()
    vae = editor._components.vae
    for name in ("encode", "decode"):
        honest = getattr(vae, name)
        monkeypatch.setattr(
            vae, name, lambda *a, honest=honest, name=name, **o: calls.update([name]) or honest(*a, **o)
        )
    chain = [
        EditRequest(photo(0), words, steps=steps, step_index=place)
        for place, (words, steps) in enumerate([("winter", 3), ("make it night", 2), ("add snow", 3)])
    ]
    [result] = editor.edit_chains([chain], full_resolution=False)
    assert calls == {"encode": 1, "decode": 2}  # the photo, its copy and the edit
    assert isinstance(result, EditResult)
    assert (result.instruction, result.steps) == ("add snow", 3)
    assert [settings.steps for settings in result.chain] == [3, 2, 3]
    assert result.change["pixels"] > 0.01
    [without_the_second] = editor.edit_chains([[chain[0], chain[2]]], full_resolution=False)
    assert isinstance(without_the_second, EditResult)
    assert furthest(result, without_the_second) > 5


def test_chains_of_any_length_come_back_in_order(tiny_checkpoint: Path, photo: Photo) -> None:
    editor = load(tiny_checkpoint)
    requests = [EditRequest(photo(n), words, steps=2, seed=n) for n, words in enumerate(["winter", "add snow", ""])]
    chains = [[requests[0], replace(requests[0], step_index=1)], [requests[1]], [replace(requests[2], steps=3)]]
    together = editor.edit_chains(chains, full_resolution=False)
    alone = [editor.edit_chains([chain], full_resolution=False)[0] for chain in chains]
    for one, other in zip(together, alone, strict=True):
        assert isinstance(one, EditResult)
        assert isinstance(other, EditResult)
        assert furthest(one, other) == 0
    [single] = editor.edit([requests[1]], full_resolution=False)
    assert isinstance(together[1], EditResult)
    assert furthest(single, together[1]) == 0, "a chain of one is an edit"


def test_latents_handed_on_are_about_what_the_picture_between_would_give(tmp_path: Path, photo: Photo) -> None:
    """With a codec that gives latents back as they were, both ways end at the same picture."""
    editor = load(make_checkpoint(tmp_path / "m", TinySpec(unet_gain=0.3)))
    first = EditRequest(photo(0, 32, 32), "winter", steps=4, text_guidance=1.0, image_guidance=1.0, source_digest=b"p")
    second = replace(first, instruction="add snow", step_index=1)
    [between] = editor.edit([first], full_resolution=False)
    [stepwise] = editor.edit([replace(second, image=between.image)], full_resolution=False)
    [latent] = editor.edit_chains([[first, second]], full_resolution=False)
    assert isinstance(latent, EditResult)
    spread = np.asarray(stepwise.image).std()
    assert np.abs(np.asarray(latent.image).astype(int) - np.asarray(stepwise.image).astype(int)).mean() < spread


class TestCompile:
    def test_where_there_is_no_compiler_it_says_so_once_and_edits_as_before(
        self, tiny_checkpoint: Path, photo: Photo, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(*_: Any) -> None:
            raise RuntimeError("no compiler here\nat all")

        monkeypatch.setattr("torch._inductor.compile_fx.compile_fx", fail)
        torch._dynamo.reset()
        request = EditRequest(photo(0), "winter", steps=2)
        [exact], [compiled] = (load(tiny_checkpoint, *names).edit([request]) for names in ([], ["compile"]))
        assert furthest(exact, compiled) <= 1
        assert [record.getMessage() for record in caplog.records if "compiled" in record.getMessage()] == [
            "blocks cannot be compiled here (no compiler here); they run as they are"
        ]

    def test_blocks_of_many_shapes_are_compiled_in_every_thread(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class ResnetBlock2D(torch.nn.Linear):
            """Known by its name, and small."""

            def forward(self, pictures: torch.Tensor) -> torch.Tensor:
                return super().forward(pictures)

        shapes: list[torch.Size] = []

        def as_it_is(graph: torch.fx.GraphModule, inputs: Sequence[torch.Tensor]) -> Callable[..., Any]:
            shapes.append(inputs[-1].shape)
            return graph.forward

        monkeypatch.setattr("torch._inductor.compile_fx.compile_fx", as_it_is)
        torch._dynamo.reset()
        widths = range(1, 13)  # torch's own limit is 8
        network = torch.nn.Sequential(*(ResnetBlock2D(width, width + 1) for width in widths))
        compile_blocks(network)
        with ThreadPoolExecutor(1) as other:
            other.submit(network, torch.ones(2, 1)).result()
        assert len(shapes) == len(widths)

    @pytest.mark.slow
    def test_compiled_blocks_give_the_same_picture(self, tiny_checkpoint: Path, photo: Photo, tmp_path: Path) -> None:
        torch._dynamo.reset()
        request = EditRequest(photo(0), "winter", steps=2)
        [exact], [compiled] = (load(tiny_checkpoint, *names).edit([request]) for names in ([], ["compile"]))
        assert furthest(exact, compiled) <= 1


@pytest.mark.parametrize("has_it", [False, True])
def test_bfloat16_where_the_device_is_quicker_in_it(
    tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch, has_it: bool
) -> None:
    monkeypatch.setattr("ip2p_cli.editor.loading.bfloat16_is_quicker", lambda device: has_it)
    assert load(tiny_checkpoint, "bfloat16", dtype=None).dtype == (torch.bfloat16 if has_it else torch.float32)
    assert load(tiny_checkpoint, "bfloat16", dtype="float32").dtype == torch.float32, "--dtype says otherwise"
    assert load(tiny_checkpoint, dtype=None).dtype == torch.float32
