"""What a network makes of texts alone is made once a loop, and the picture is the same to the byte."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch

from ip2p_cli.editor import Bucket, Editor, Guidance
from ip2p_cli.editor.denoise import denoise
from ip2p_cli.editor.rows import Network
from ip2p_cli.editor.text_memory import texts_read_once
from ip2p_samplers import ip2p_register_samplers
from tests.tiny import SD_SCHEDULER, TinySpec, make_checkpoint

STEPS = 5
SHAPES = {
    "pooled text": TinySpec(),
    "as Stable Diffusion": TinySpec(vae="kl", pooled_text=False, scheduler=SD_SCHEDULER),
}


@pytest.fixture(scope="module", params=list(SHAPES))
def editor(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Editor:
    folder: Path = make_checkpoint(tmp_path_factory.mktemp("shape"), SHAPES[request.param])
    return Editor.load(folder, ip2p_register_samplers(), device="cpu")


def bucket_of(editor: Editor) -> Bucket:
    generator = torch.Generator().manual_seed(1)
    photos, noise = torch.randn(2, 4, 4, 16, 16, generator=generator)
    words = ["make it night", "add snow", "winter", "add snow"]
    return Bucket(
        photos=photos,
        texts=torch.stack([editor.encode_text(text) for text in words]),
        no_text=editor.encode_text(""),
        noise=noise,
        guidance=[Guidance(3.0, 1.3)] * 4,
        generators=[torch.Generator()] * 4,
    )


def denoised(unet: Any, bucket: Bucket) -> torch.Tensor:
    scheduler = ip2p_register_samplers()["ddim"](SD_SCHEDULER)
    with torch.inference_mode():
        return denoise(Network(unet), scheduler, STEPS, bucket, batch_size=4)


def test_keys_and_values_are_made_once_a_call_of_rows(editor: Editor) -> None:
    unet, made = editor._components.unet, Counter[str]()
    names = [name for name, _ in unet.named_modules() if name.endswith(("attn2.to_k", "attn2.to_v", "add_embedding"))]
    hooks = [
        unet.get_submodule(name).register_forward_hook(lambda *_, name=name: made.update([name])) for name in names
    ]
    denoised(unet, bucket_of(editor))
    for hook in hooks:
        hook.remove()
    assert len(names) >= 4
    assert made == dict.fromkeys(names, 3)  # 12 rows, 4 a call


def test_the_bytes_are_those_of_the_plain_network(editor: Editor, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = bucket_of(editor)
    remembering = denoised(editor._components.unet, bucket)
    monkeypatch.setattr("ip2p_cli.editor.text_memory._readers_of_texts", lambda unet: [])
    assert torch.equal(remembering, denoised(editor._components.unet, bucket))


def test_the_network_is_as_before_afterwards(editor: Editor) -> None:
    unet = editor._components.unet
    before = list(unet.named_modules())
    with pytest.raises(RuntimeError), texts_read_once(unet):
        assert list(unet.named_modules()) != before
        raise RuntimeError
    assert list(unet.named_modules()) == before


def test_other_texts_of_the_same_shape_are_not_mixed_up(editor: Editor) -> None:
    bucket = bucket_of(editor)
    swapped = Bucket(
        **{**vars(bucket), "photos": bucket.photos[:1], "noise": bucket.noise[:1], "texts": bucket.texts[1:2]}
        | {"guidance": bucket.guidance[:1], "generators": bucket.generators[:1]}
    )
    first = Bucket(**{**vars(swapped), "texts": bucket.texts[:1]})
    unet = editor._components.unet
    assert not torch.equal(denoised(unet, first), denoised(unet, swapped))


def test_a_network_of_an_unknown_kind_is_left_alone() -> None:
    def unet(*_: Any) -> None: ...

    with texts_read_once(unet):
        pass
