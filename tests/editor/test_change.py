from __future__ import annotations

import pytest
import torch

from ip2p_cli.editor.change import measure_change

PICTURE = torch.rand(3, 24, 24, generator=torch.Generator().manual_seed(0))


def test_a_copy_is_no_change() -> None:
    assert measure_change(PICTURE, PICTURE) == pytest.approx({"pixels": 0, "structure": 0}, abs=1e-6)


def test_darker_changes_pixels_not_structure() -> None:
    change = measure_change(PICTURE, PICTURE * 0.5)
    assert change["pixels"] == pytest.approx(0.25, abs=0.02)
    assert change["structure"] < 1e-6


def test_another_picture_changes_structure() -> None:
    other = torch.rand(3, 24, 24, generator=torch.Generator().manual_seed(1))
    assert measure_change(PICTURE, other)["structure"] > 0.8


def test_flat_pictures() -> None:
    grey = torch.full((3, 8, 8), 0.5)
    assert measure_change(grey, grey)["structure"] == 0
    assert measure_change(PICTURE[:, :8, :8], grey)["structure"] == 1
    assert measure_change(grey[:, :1, :1], grey[:, :1, :1])["structure"] == 0
