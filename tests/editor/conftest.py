"""An editor on a small random checkpoint, and photos to edit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ip2p_cli.editor import Editor
from ip2p_samplers import ip2p_register_samplers


@pytest.fixture(scope="session")
def session_editor(tiny_checkpoint: Path) -> Editor:
    return Editor.load(tiny_checkpoint, ip2p_register_samplers(), device="cpu")


@pytest.fixture
def editor(session_editor: Editor) -> Editor:
    session_editor.batch_size = 8
    return session_editor


@pytest.fixture
def one_lane() -> Iterator[None]:
    """An editor that is loaded has one lane: for tests that watch its networks."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def photo() -> Callable[..., Image.Image]:
    """photo(number, width, height): smooth colour fields, another one for each number."""

    def make(number: int, width: int = 48, height: int = 48) -> Image.Image:
        small = np.random.default_rng(number).integers(0, 256, (4, 5, 3), dtype=np.uint8)
        return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)

    return make
