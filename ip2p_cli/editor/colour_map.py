"""One colour map for a whole edit: a coarse table over RGB, fitted to (before, after) pixel pairs.

Lattice regression (Garcia & Gupta 2009): the values θ at the nodes of an n×n×n grid over the RGB cube minimise

    1/N Σ |W_i θ − y_i|²  +  λ |R θ|²  +  μ |D (θ − θ0)|²

with W_i the trilinear weights of pixel i, R all second differences (its null space is the affine maps, so that colours
never seen continue the map as straight lines) and D first differences plus the node itself. θ0 is the identity, shifted
by the mean change; it decides only what the data leave open. `after == before` makes θ0 the exact minimum.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from PIL import ImageFilter
from torch import Tensor

NODES = 9
SMOOTHNESS = 1e-3  # λ
PRIOR = 1e-6  # μ


def fit_colour_map(before: Tensor, after: Tensor, nodes: int = NODES) -> Tensor:
    """The table (nodes³, 3) that takes colours of `before` to those of `after`, both (n, 3) in [0, 1]."""
    low, weight = _trilinear(before, nodes)
    shift = (after - before).double().mean(0)
    misfit = after.double() - before.clamp(0, 1) - shift  # (n, 3): what the identity gives is the colour itself
    normal, rhs = _normal_equations(low, weight.double(), misfit, nodes)
    system = normal / len(before) + _penalty(nodes)
    step = torch.cholesky_solve(rhs / len(before), torch.linalg.cholesky(system))
    return (_grid(nodes) + shift + step).float()


def _normal_equations(low: Tensor, weight: Tensor, misfit: Tensor, nodes: int) -> tuple[Tensor, Tensor]:
    """Σ W_iᵀ W_i (nodes³, nodes³) and Σ W_iᵀ misfit_i (nodes³, 3).

    All pixels of one cell of the grid touch the same 8 nodes: they are multiplied cell by cell and then put into place.
    """
    order = low.argsort(stable=True)
    cells, counts = low[order].unique_consecutive(return_counts=True)
    rows = torch.cat([weight, misfit], dim=1).index_select(0, order).split(counts.tolist())
    products = torch.stack([pixels.T @ pixels for pixels in rows])  # (cells, 8 + 3, 8 + 3)
    corners = cells.unsqueeze(1) + _offsets(nodes)  # (cells, 8)
    normal, rhs = weight.new_zeros(nodes**3, nodes**3), weight.new_zeros(nodes**3, 3)
    pairs = (corners.unsqueeze(2), corners.unsqueeze(1))
    return (
        normal.index_put_(pairs, products[:, :8, :8], accumulate=True),
        rhs.index_put_((corners,), products[:, :8, 8:], accumulate=True),
    )


def apply_colour_map(table: Tensor, colours: Tensor) -> Tensor:
    """`table` at `colours` (n, 3) in [0, 1], clamped to [0, 1] as the full-size table of `as_filter` is."""
    low, weight = _trilinear(colours, round(len(table) ** (1 / 3)))
    return _gather(table.clamp(0, 1), low, weight)


def as_filter(table: Tensor) -> ImageFilter.Color3DLUT:
    """The table as a Pillow filter for 8-bit pictures."""
    return ImageFilter.Color3DLUT(round(len(table) ** (1 / 3)), table.clamp(0, 1).flatten().tolist())


def _grid(nodes: int) -> Tensor:
    """Colours of the nodes, (nodes³, 3), red running fastest as in Pillow's tables."""
    axis = torch.linspace(0, 1, nodes)
    blue, green, red = torch.meshgrid(axis, axis, axis, indexing="ij")
    return torch.stack([red, green, blue], dim=-1).reshape(-1, 3)


def _offsets(nodes: int) -> Tensor:
    """Of the 8 nodes of a cell, from its lowest."""
    corner = torch.arange(8)
    return (corner & 1) + (corner >> 1 & 1) * nodes + (corner >> 2 & 1) * nodes * nodes


def _trilinear(colours: Tensor, nodes: int) -> tuple[Tensor, Tensor]:
    """The lowest node of the cell of each colour (n, 3), (n,) int64, and the weights of the cell's 8 nodes, (n, 8)."""
    position = colours.clamp(0, 1) * (nodes - 1)
    low = position.floor().clamp(max=nodes - 2)
    part = position - low
    sides = torch.stack([1 - part, part], dim=2)  # (n, 3, 2)
    red, green, blue = sides.unbind(1)
    weight = (blue.unsqueeze(2) * green.unsqueeze(1)).unsqueeze(3) * red[:, None, None]  # (n, 2, 2, 2), red fastest
    return (low.long() * torch.tensor([1, nodes, nodes * nodes])).sum(1), weight.flatten(1)


def _gather(table: Tensor, low: Tensor, weight: Tensor) -> Tensor:
    """Σ_k weight_k · table[low + offset_k]: (n, 3)."""
    corner = low.unsqueeze(1) + _offsets(round(len(table) ** (1 / 3)))
    values = table.index_select(0, corner.flatten()).view(*corner.shape, -1)  # (n, 8, 3)
    return torch.bmm(weight.unsqueeze(1).to(table.dtype), values).squeeze(1)


@lru_cache(maxsize=2)
def _penalty(nodes: int) -> Tensor:
    """λ RᵀR + μ DᵀD, (nodes³, nodes³), in units of the cube's side."""
    eye = torch.eye(nodes, dtype=torch.float64)
    first = (eye[1:] - eye[:-1]) * (nodes - 1)  # (nodes-1, nodes)
    second = (first[1:] - first[:-1]) * (nodes - 1)  # (nodes-2, nodes)
    one, two = first.T @ first, second.T @ second

    def kron(blue: Tensor, green: Tensor, red: Tensor) -> Tensor:
        return torch.kron(torch.kron(blue, green), red) / nodes**3

    smooth = kron(two, eye, eye) + kron(eye, two, eye) + kron(eye, eye, two)
    smooth = smooth + 2 * (kron(one, one, eye) + kron(one, eye, one) + kron(eye, one, one))
    slope = kron(one, eye, eye) + kron(eye, one, eye) + kron(eye, eye, one) + kron(eye, eye, eye)
    return SMOOTHNESS * smooth + PRIOR * slope
