"""The fit against its definition, solved with dense matrices."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ip2p_cli.editor.colour_map import PRIOR, SMOOTHNESS, apply_colour_map, fit_colour_map

NODES = 4


def weights_of(colours: Tensor) -> Tensor:
    """W, (n, nodes³): of each axis the hat functions around the nodes, red running fastest."""
    hats = (1 - (colours.unsqueeze(2) * (NODES - 1) - torch.arange(NODES)).abs()).clamp(min=0)  # (n, 3, nodes)
    red, green, blue = hats.unbind(1)
    return torch.einsum("nb,ng,nr->nbgr", blue, green, red).flatten(1)


def penalties() -> Tensor:
    """λ RᵀR + μ DᵀD, from differences of a table along and across its axes."""
    size = NODES**3
    table = torch.eye(size, dtype=torch.float64).view(NODES, NODES, NODES, size)

    def diff(x: Tensor, *axes: int) -> Tensor:
        for axis in axes:
            x = x.diff(dim=axis) * (NODES - 1)
        return x.reshape(-1, size)

    second = [diff(table, a, a) for a in range(3)] + [2**0.5 * diff(table, a, b) for a in range(3) for b in range(a)]
    first = [diff(table, a) for a in range(3)] + [torch.eye(size, dtype=torch.float64)]
    smooth, slope = (sum(m.T @ m for m in ms) / size for ms in (second, first))
    return SMOOTHNESS * smooth + PRIOR * slope


@pytest.mark.parametrize("pixels", [1, 7, 500])
def test_the_table_minimises_what_it_should(pixels: int) -> None:
    generator = torch.Generator().manual_seed(pixels)
    before, after = torch.rand(2, pixels, 3, generator=generator)
    before[0] = torch.tensor([1.0, 0.0, 1.0])  # a corner of the cube
    axis = torch.linspace(0, 1, NODES, dtype=torch.float64)
    blue, green, red = torch.meshgrid(axis, axis, axis, indexing="ij")
    prior = torch.stack([red, green, blue], dim=-1).reshape(-1, 3) + (after - before).mean(0).double()
    w, system = weights_of(before.double()), penalties()
    step = torch.linalg.solve(w.T @ w / pixels + system, w.T @ (after.double() - w @ prior) / pixels)
    table = fit_colour_map(before, after, NODES)
    torch.testing.assert_close(table, (prior + step).float(), rtol=0, atol=1e-5)
    torch.testing.assert_close(apply_colour_map(table, before), (w.float() @ table.clamp(0, 1)), rtol=0, atol=1e-5)


def test_colours_left_alone_stay_exactly() -> None:
    before = torch.rand(200, 3, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(apply_colour_map(fit_colour_map(before, before), before), before, rtol=0, atol=1e-6)
