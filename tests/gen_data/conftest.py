"""Fixtures of the data factory's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from ip2p_gen_data.instructions.prompt import completion, prompt
from ip2p_gen_data.instructions.triplets import read_triplets
from tests.commands.conftest import ip2p  # noqa: F401  (the command line, for the tests of this folder too)
from tests.tiny_lm import make_lm


@pytest.fixture(scope="session")
def tiny_lm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random GPT-2 that has learned nothing. Treat it as read-only."""
    texts = [prompt(t.input) + completion(t.edit, t.output) for t in read_triplets()]
    return make_lm(tmp_path_factory.mktemp("lm"), texts)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers of the tests are on this machine."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
