"""Guidance by photo and instruction: InstructPix2Pix (arXiv 2211.09800), equation 3, rearranged by network row.

    eps = s_T · eps(z, I, T) + (s_I - s_T) · eps(z, I, 0) + (1 - s_I) · eps(z, 0, 0)

The three coefficients sum to 1. It is linear, so it holds for whatever the network predicts (noise, v or the clean
latents): each is an affine function of the noise with the same offset for all three rows. A row whose coefficient is
0 is never evaluated.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ip2p_cli.errors import UsageError

FULL, IMAGE, NONE = 0, 1, 2  # rows: photo and instruction, photo alone, neither


@dataclass(frozen=True)
class Guidance:
    """How strongly one edit follows its instruction (s_T) and its photo (s_I)."""

    text: float
    image: float

    def __post_init__(self) -> None:
        for name, value in (("text", self.text), ("image", self.image)):
            if not (math.isfinite(value) and value >= 0):
                raise UsageError(f"{name} guidance {value} is not a number of 0 or more: try 1 to 10")

    @property
    def coefficients(self) -> tuple[float, float, float]:
        """The weights of the rows FULL, IMAGE and NONE."""
        return self.text, self.image - self.text, 1.0 - self.image


@dataclass(frozen=True)
class RowPlan:
    """Which rows of which items the network evaluates, and how they are joined again."""

    items: tuple[int, ...]  # of each row, its item
    kinds: tuple[int, ...]  # of each row: FULL, IMAGE or NONE
    weights: tuple[tuple[float, float, float], ...]  # of each item, its three coefficients

    def __len__(self) -> int:
        return len(self.items)


def plan_rows(scales: Sequence[Guidance]) -> RowPlan:
    """List the rows that a batch needs, item by item, leaving out those with coefficient 0."""
    rows = [
        (item, kind)
        for item, guidance in enumerate(scales)
        for kind, coefficient in enumerate(guidance.coefficients)
        if coefficient != 0.0
    ]
    return RowPlan(
        items=tuple(item for item, _ in rows),
        kinds=tuple(kind for _, kind in rows),
        weights=tuple(guidance.coefficients for guidance in scales),
    )


def plan_plain_rows(scales: Sequence[Guidance]) -> RowPlan:
    """One row an item, without guidance: the first of FULL, IMAGE and NONE that counts for it."""
    kinds = tuple(next(kind for kind, weight in enumerate(g.coefficients) if weight != 0.0) for g in scales)
    weights = tuple((float(kind == FULL), float(kind == IMAGE), float(kind == NONE)) for kind in kinds)
    return RowPlan(items=tuple(range(len(kinds))), kinds=kinds, weights=weights)


class Combiner:
    """Joins the rows of a plan into one prediction an item. Its index tensors are made once, not at every step."""

    def __init__(self, plan: RowPlan, device: torch.device) -> None:
        self._kinds = torch.tensor(plan.kinds, device=device)
        self._items = torch.tensor(plan.items, device=device)
        weights = torch.tensor(plan.weights, dtype=torch.float32, device=device)  # (n, 3)
        self._weights = weights.T[..., None, None, None].contiguous()  # (3, n, 1, 1, 1)
        first = [plan.items.index(item) for item in range(len(plan.weights))]
        self._plain = torch.tensor(first, device=device)  # of each item, its first row

    def __call__(self, rows: Tensor) -> Tensor:
        """(r, c, h, w) -> (n, c, h, w), float32.

        Rows are put into place before they are weighed, rather than multiplied by an (n, r) matrix: 0 · NaN is NaN,
        and one item's bad row must stay its own.
        """
        kinds, n = self._weights.shape[:2]
        placed = rows.new_zeros((kinds, n, *rows.shape[1:]), dtype=torch.float32)  # (3, n, c, h, w)
        placed[self._kinds, self._items] = rows.float()
        terms = self._weights * placed
        return terms[FULL] + terms[IMAGE] + terms[NONE]

    def plain(self, rows: Tensor) -> Tensor:
        """What the rows of `plan_plain_rows` would give.  # (r, c, h, w) -> (n, c, h, w), float32"""
        return rows[self._plain].float()
