"""Fixtures that several test folders share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from tests.tiny import TinySpec, make_checkpoint

settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random checkpoint shaped like the shipped model (32 px native, f=2). Treat it as read-only."""
    defaults = {"native_size": 32, "steps": 4, "text_guidance": 3.0, "image_guidance": 1.3, "sampler": "ddim"}
    return make_checkpoint(tmp_path_factory.mktemp("tiny"), TinySpec(ip2p=defaults | {"licence": "CC0-1.0"}))
