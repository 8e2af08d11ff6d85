"""How many photos are edited at once where nobody says."""

from __future__ import annotations

import shutil

import pytest

from ip2p_cli.config import UserConfig
from ip2p_cli.model_choice import CUDA_BATCH, DEFAULT_BATCH, choose_model


@pytest.mark.parametrize("has_card", [True, False])
def test_it_follows_the_device(monkeypatch: pytest.MonkeyPatch, has_card: bool) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}" if has_card else None)
    for device in (None, "auto", "all"):
        chosen = choose_model(UserConfig(), device=device).batch_size
        assert chosen == (CUDA_BATCH if has_card else DEFAULT_BATCH)
    assert choose_model(UserConfig(), device="cuda:0,cuda:1").batch_size == CUDA_BATCH
    assert choose_model(UserConfig(), device="cpu").batch_size == DEFAULT_BATCH
    assert choose_model(UserConfig(), device="mps").batch_size == DEFAULT_BATCH


def test_what_is_said_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    assert choose_model(UserConfig(), batch_size="3").batch_size == 3
    assert choose_model(UserConfig(), batch_size="auto", device="cuda").batch_size == CUDA_BATCH
