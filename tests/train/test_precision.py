"""Mixed bfloat16 is taken where it helps, and where it is asked for."""

from __future__ import annotations

import pytest
import torch

from ip2p_train.config import LoopConfig
from ip2p_train.precision import mixed, precision_on


@pytest.mark.parametrize(
    ("setting", "is_quicker", "expected"),
    [
        ("auto", True, torch.bfloat16),
        ("auto", False, torch.float32),
        ("bf16", False, torch.bfloat16),
        ("fp32", True, torch.float32),
    ],
)
def test_what_a_setting_comes_to(
    monkeypatch: pytest.MonkeyPatch, setting: str, is_quicker: bool, expected: torch.dtype
) -> None:
    monkeypatch.setattr("ip2p_train.precision.bfloat16_is_quicker", lambda device: is_quicker)
    with mixed("cpu", setting):
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype == expected
    assert precision_on("cpu", setting) == {torch.bfloat16: "bf16", torch.float32: "fp32"}[expected]


def test_by_default_the_device_decides() -> None:
    assert LoopConfig().precision == "auto"
