"""One colour map for a whole edit: a coarse table over RGB, fitted to (before, after) pixel pairs.

Lattice regression (Garcia & Gupta 2009): the values θ at the nodes of an n×n×n grid over the RGB cube minimise

    1/N Σ |W_i θ − y_i|²  +  λ |R θ|²  +  μ |D (θ − θ0)|²

with W_i the trilinear weights of pixel i, R all second differences (its null space is the affine maps, so that colours
never seen continue the map as straight lines) and D first differences plus the node itself. θ0 is the identity, shifted
by the mean change; it decides only what the data leave open. `after == before` makes θ0 the exact minimum.
"""

from __future__ import annotations

import torch
from PIL import ImageFilter
from torch import Tensor

NODES = 9
SMOOTHNESS = 1e-3  # λ
PRIOR = 1e-6  # μ


def fit_colour_map(before: Tensor, after: Tensor, nodes: int = NODES) -> Tensor:
    """The table (nodes³, 3) that takes colours of `before` to those of `after`, both (n, 3) in [0, 1]."""
    corner, weight = _trilinear(before, nodes)  # (n, 8) each
    size = nodes**3
    pairs = (corner.unsqueeze(2) * size + corner.unsqueeze(1)).flatten()  # (n·8·8)
    products = (weight.unsqueeze(2) * weight.unsqueeze(1)).flatten().double()
    normal = torch.bincount(pairs, products, minlength=size * size).view(size, size) / len(before)
    identity = _grid(nodes).double()
    prior = identity + (after - before).mean(0).double()
    misfit = after.double() - _gather(prior, corner, weight)  # (n, 3)
    rhs = torch.zeros(size, 3, dtype=torch.float64)
    rhs.index_add_(0, corner.flatten(), (weight.double().unsqueeze(2) * misfit.unsqueeze(1)).flatten(0, 1))
    smooth, slope = _penalties(nodes)
    system = normal + SMOOTHNESS * smooth + PRIOR * slope
    step: Tensor = torch.linalg.solve(system, rhs / len(before))
    return (prior + step).float()


def apply_colour_map(table: Tensor, colours: Tensor) -> Tensor:
    """`table` at `colours` (n, 3) in [0, 1], clamped to [0, 1] as the full-size table of `as_filter` is."""
    corner, weight = _trilinear(colours, round(len(table) ** (1 / 3)))
    return _gather(table.clamp(0, 1), corner, weight)


def as_filter(table: Tensor) -> ImageFilter.Color3DLUT:
    """The table as a Pillow filter for 8-bit pictures."""
    return ImageFilter.Color3DLUT(round(len(table) ** (1 / 3)), table.clamp(0, 1).flatten().tolist())


def _grid(nodes: int) -> Tensor:
    """Colours of the nodes, (nodes³, 3), red running fastest as in Pillow's tables."""
    axis = torch.linspace(0, 1, nodes)
    blue, green, red = torch.meshgrid(axis, axis, axis, indexing="ij")
    return torch.stack([red, green, blue], dim=-1).reshape(-1, 3)


def _trilinear(colours: Tensor, nodes: int) -> tuple[Tensor, Tensor]:
    """The 8 nodes around each colour (n, 3) and their weights: (n, 8) int64 and (n, 8) float."""
    position = colours.clamp(0, 1) * (nodes - 1)
    low = position.floor().clamp(max=nodes - 2)
    part = position - low
    strides = torch.tensor([1, nodes, nodes * nodes])
    base = (low.long() * strides).sum(1)
    corners, weights = [], []
    for index in range(8):
        bits = torch.tensor([index & 1, index >> 1 & 1, index >> 2 & 1])
        corners.append(base + int((bits * strides).sum()))
        weights.append(torch.where(bits.bool(), part, 1 - part).prod(1))
    return torch.stack(corners, 1), torch.stack(weights, 1)


def _gather(table: Tensor, corner: Tensor, weight: Tensor) -> Tensor:
    """Σ_k weight_k · table[corner_k]: (n, 3)."""
    return (table[corner] * weight.unsqueeze(2).to(table.dtype)).sum(1)


def _penalties(nodes: int) -> tuple[Tensor, Tensor]:
    """RᵀR and DᵀD, (nodes³, nodes³) each, in units of the cube's side."""
    eye = torch.eye(nodes, dtype=torch.float64)
    first = (eye[1:] - eye[:-1]) * (nodes - 1)  # (nodes-1, nodes)
    second = (first[1:] - first[:-1]) * (nodes - 1)  # (nodes-2, nodes)
    one, two = first.T @ first, second.T @ second

    def kron(blue: Tensor, green: Tensor, red: Tensor) -> Tensor:
        return torch.kron(torch.kron(blue, green), red) / nodes**3

    smooth = kron(two, eye, eye) + kron(eye, two, eye) + kron(eye, eye, two)
    smooth = smooth + 2 * (kron(one, one, eye) + kron(one, eye, one) + kron(eye, one, one))
    slope = kron(one, eye, eye) + kron(eye, one, eye) + kron(eye, eye, one) + kron(eye, eye, eye)
    return smooth, slope
