"""Latents and text states on disk: encoded once, shared between runs, and safe from being killed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ip2p_cli.api import UsageError
from ip2p_train import encoders
from ip2p_train.parts import Setting, build_part
from ip2p_train.schedule import step_generator
from ip2p_train.tensor_store import TensorStore
from tests.tiny import TinySpec, make_checkpoint
from tests.train.small import CONFIG, editor_part, write_pairs


def test_a_store_gives_back_what_was_put_also_to_another_process(tmp_path: Path) -> None:
    g = torch.Generator().manual_seed(0)
    store, other = TensorStore(tmp_path), TensorStore(tmp_path)
    store.put({b"a": torch.randn(2, 3, generator=g), b"b": torch.zeros(4)})
    other.put({b"b": torch.ones(4), b"c": torch.full((4,), 2.0)})
    again = TensorStore(tmp_path)
    assert again.shape(b"a") == (2, 3) and b"d" not in again
    assert torch.equal(again.get([b"b", b"c"]), torch.tensor([[0.0] * 4, [2.0] * 4]))  # the first of two stays
    assert torch.equal(other.get([b"b"]), torch.zeros(1, 4))
    store.put({b"d": torch.ones(4)})
    assert torch.equal(store.get([b"d", b"b"]), torch.tensor([[1.0] * 4, [0.0] * 4]))


def test_what_was_appended_in_part_is_in_nobodys_way(tmp_path: Path) -> None:
    TensorStore(tmp_path).put({b"a": torch.ones(3)})
    with (tmp_path / "tensors.f16").open("ab") as file:
        file.write(b"\x01\x02\x03")
    store = TensorStore(tmp_path)
    store.put({b"b": torch.full((3,), 5.0)})
    assert torch.equal(TensorStore(tmp_path).get([b"a", b"b"]), torch.tensor([[1.0] * 3, [5.0] * 3]))


def test_a_store_that_lost_its_end_is_named(tmp_path: Path) -> None:
    TensorStore(tmp_path).put({b"a": torch.ones(30)})
    (tmp_path / "tensors.f16").write_bytes(b"\0" * 10)
    with pytest.raises(UsageError, match="shorter than its index says; delete"):
        TensorStore(tmp_path)
    (tmp_path / "index.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(UsageError, match="damaged"):
        TensorStore(tmp_path)


def test_a_second_run_encodes_nothing_and_another_autoencoder_or_size_all(
    tmp_path: Path, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, cache = write_pairs(tmp_path / "data"), tmp_path / "cache"
    encoded: list[int] = []
    encode = encoders.Pictures._encode

    def counting(self: encoders.Pictures, size: tuple[int, int]) -> None:
        encoded.append(len(self._waiting[size]))
        encode(self, size)

    monkeypatch.setattr(encoders.Pictures, "_encode", counting)

    def run(base: Path, name: str) -> int:
        encoded.clear()
        build_part("editor", data, base, CONFIG, Setting(tmp_path / name, cache))
        return sum(encoded)

    assert run(tiny_checkpoint, "a") == 16  # eight photos, eight edits
    assert run(tiny_checkpoint, "b") == 0
    assert run(make_checkpoint(tmp_path / "other", TinySpec(seed=1)), "c") == 16
    assert run(make_checkpoint(tmp_path / "larger", TinySpec(sample_size=24)), "d") == 16


def test_latents_do_not_depend_on_what_was_encoded_before(tmp_path: Path, tiny_checkpoint: Path) -> None:
    whole, some = write_pairs(tmp_path / "whole"), write_pairs(tmp_path / "some", [(32, 32)] * 3)
    build_part("editor", some, tiny_checkpoint, CONFIG, Setting(tmp_path / "a", tmp_path / "cache"))
    grown = build_part("editor", whole, tiny_checkpoint, CONFIG, Setting(tmp_path / "a", tmp_path / "cache")).part
    fresh = editor_part(whole, tiny_checkpoint, tmp_path / "b")
    for step in range(5):
        generators = (step_generator(0, step) for _ in range(2))
        one, other = (part.loss(g, 4)[0].item() for part, g in zip((grown, fresh), generators, strict=True))
        assert one == other


def test_mirrored_pairs_are_pairs_of_their_own(tmp_path: Path, tiny_checkpoint: Path) -> None:
    data = write_pairs(tmp_path / "data")
    part = editor_part(data, tiny_checkpoint, tmp_path / "out", mirror=True)
    [bucket] = part.pairs.buckets
    assert len(bucket.rows) == 16 and len({*bucket.photos, *bucket.edited}) == 32
