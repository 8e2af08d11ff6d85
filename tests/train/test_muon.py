"""Muon: what it does to matrices, which weights it takes, and that it learns and goes on."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from ip2p_train.muon import Muon, orthogonal


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 40), st.integers(2, 40), st.floats(1e-3, 1e3), st.integers(0, 99))
def test_singular_values_come_near_one_and_directions_stay(rows: int, columns: int, scale: float, seed: int) -> None:
    smaller = min(rows, columns)
    generator = torch.Generator().manual_seed(seed)
    u, _ = torch.linalg.qr(torch.randn(rows, smaller, generator=generator))
    v, _ = torch.linalg.qr(torch.randn(columns, smaller, generator=generator))
    values = torch.linspace(1, 0.05, smaller)
    found = orthogonal(scale * u @ values.diag() @ v.T)
    assert found.shape == (rows, columns)
    within = u.T @ found @ v
    assert (within.diag() > 0.5).all() and (within.diag() < 1.3).all()
    assert (within - within.diag().diag()).abs().max() < 1e-2


def test_hidden_weights_alone_are_taken() -> None:
    model = nn.Sequential(
        nn.Embedding(50, 32), nn.Linear(32, 64), nn.LayerNorm(64), nn.Conv2d(64, 32, 3), nn.Conv2d(32, 3, 3)
    )
    others, hidden = Muon(model, lr=1e-3).param_groups
    assert [tuple(weight.shape) for weight in hidden["params"]] == [(64, 32), (32, 64, 3, 3)]
    assert len(others["params"]) == len(list(model.parameters())) - 2


def test_a_model_without_hidden_weights_is_adam() -> None:
    one = nn.Linear(3, 3)
    other = copy.deepcopy(one)
    for model, optimizer in ((one, Muon(one, lr=0.1)), (other, torch.optim.AdamW(other.parameters(), lr=0.1))):
        model(torch.ones(2, 3)).pow(2).sum().backward()
        optimizer.step()
    assert torch.equal(one.weight, other.weight)


def test_it_learns_and_goes_on_from_its_state() -> None:
    torch.manual_seed(0)
    data = torch.randn(64, 16)
    target = data @ torch.randn(16, 16)

    def steps(model: nn.Module, optimizer: Muon, count: int) -> float:
        for _ in range(count):
            optimizer.zero_grad()
            loss = (model(data) - target).pow(2).mean()
            loss.backward()
            optimizer.step()
        return float(loss.detach())

    model = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 16))
    optimizer = Muon(model, lr=0.02)
    start = steps(model, optimizer, 1)
    assert steps(model, optimizer, 200) < start / 4
    twin = copy.deepcopy(model)
    going_on = Muon(twin, lr=0.02)
    going_on.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    assert steps(model, optimizer, 3) == pytest.approx(steps(twin, going_on, 3))


def test_matrices_together_are_as_each_alone() -> None:
    matrices = torch.randn(5, 24, 40, generator=torch.Generator().manual_seed(0))
    alone = torch.stack([orthogonal(matrix) for matrix in matrices])
    assert torch.allclose(orthogonal(matrices), alone, atol=1e-5)
    assert torch.allclose(orthogonal(matrices.mT), alone.mT, atol=1e-5)
