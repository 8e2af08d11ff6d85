"""Encoders with random weights, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from ip2p_eval.encoders import Encoders, load_encoders
from tests.eval import tiny_encoders
from tests.gen_data import tiny_models


@pytest.fixture(scope="session")
def tiny_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.clip(tmp_path_factory.mktemp("encoders") / "clip")


@pytest.fixture(scope="session")
def tiny_dino(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoders.dino(tmp_path_factory.mktemp("encoders") / "dino")


@pytest.fixture(scope="session")
def encoders(tiny_clip: Path, tiny_dino: Path) -> Encoders:
    return load_encoders(str(tiny_clip), str(tiny_dino), device="cpu", offline=True)
