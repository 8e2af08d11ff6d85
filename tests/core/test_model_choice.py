"""How many photos are edited at once where nobody says."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from pluggy import PluginManager

from ip2p_cli.config import UserConfig
from ip2p_cli.errors import EnvironmentStop
from ip2p_cli.model_choice import CUDA_BATCH, DEFAULT_BATCH, choose_model


@pytest.mark.parametrize("has_card", [True, False])
def test_it_follows_the_device(monkeypatch: pytest.MonkeyPatch, has_card: bool) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}" if has_card else None)
    for device in (None, "auto", "all"):
        chosen = choose_model(UserConfig(), device=device).photos_at_once
        assert chosen == (CUDA_BATCH if has_card else DEFAULT_BATCH)
    assert choose_model(UserConfig(), device="cuda:0,cuda:1").photos_at_once == CUDA_BATCH
    assert choose_model(UserConfig(), device="cpu").photos_at_once == DEFAULT_BATCH
    assert choose_model(UserConfig(), device="mps").photos_at_once == DEFAULT_BATCH


def test_what_is_said_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    assert choose_model(UserConfig(), batch_size="3").photos_at_once == 3
    assert choose_model(UserConfig(), batch_size="auto", device="cuda").photos_at_once == CUDA_BATCH


def test_a_worker_takes_what_is_usual_on_its_own_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)  # the run's machine has no card, that of the worker has
    chosen = choose_model(UserConfig())
    assert chosen.photos_at_once == DEFAULT_BATCH
    assert replace(chosen, device="cuda").photos_at_once == CUDA_BATCH
    assert replace(choose_model(UserConfig(), batch_size="3"), device="cuda").photos_at_once == 3


@pytest.mark.parametrize("reason", ["CUDA error: out of memory", "CUDA error: CUDA-capable device(s) is/are busy"])
def test_a_card_that_cannot_be_used_is_no_bug(monkeypatch: pytest.MonkeyPatch, reason: str) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError(f"{reason}\nmore lines")

    monkeypatch.setattr("ip2p_cli.api.load_editor", fails)
    with pytest.raises(EnvironmentStop, match=r"cannot be used \(CUDA error: [^\n]+\); .* another --device"):
        choose_model(UserConfig(), device="cuda").load(PluginManager("ip2p"))
