"""The guided filter (He, Sun & Tang 2013, eq. 19-21): a picture as affine maps of another one's colours, by windows.

Computed at the model's size, applied at the original's (He & Sun 2015).
"""

from __future__ import annotations

import torch
from torch import Tensor

from ip2p_cli.editor.windows import window_means

RADIUS = 8  # of the fit's windows, in the model's pixels
EPSILON = 2e-3  # ε, the ridge that draws slopes to zero
RESIDUAL_RADIUS = 3  # of the windows that judge what the fit leaves over


def with_products(guide: Tensor, target: Tensor) -> Tensor:
    """What `guided_filter` takes means of: both pictures (3, h, w) and the products of their channels.  # (21, h, w)"""
    return torch.cat([guide, target, _squares(guide), _outer(target, guide).flatten(0, 1)])


def guided_filter(products: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Averaged coefficients A (3, 3, h, w) and b (3, h, w) of target ≈ A guide + b; `weight` (1, h, w) > 0."""
    total = window_means(weight, RADIUS)

    def mean(x: Tensor) -> Tensor:
        return window_means(weight * x, RADIUS) / total

    mean_i, mean_p, mean_ii, mean_pi = mean(products).split([3, 3, 6, 9])
    variance = mean_ii.sub_(_squares(mean_i))  # (6, h, w)
    covariance = mean_pi.unflatten(0, (3, 3)).sub_(_outer(mean_p, mean_i))  # (3 target, 3 guide, h, w)
    inverse = _inverse(variance)
    slopes = torch.stack([times(covariance, inverse[:, column], 0) for column in range(3)], dim=1)  # symmetric
    offsets = mean_p - times(slopes, mean_i, 0)
    both = mean(torch.cat([slopes.flatten(0, 1), offsets]))
    return both[:9].unflatten(0, (3, 3)), both[9:]


def times(matrices: Tensor, vectors: Tensor, plus: Tensor | float) -> Tensor:
    """`matrices` (3, 3, h, w) times `vectors` (3, h, w), plus something: one product a pixel.

    Plane by plane, where einsum would multiply as many tiny matrices as there are pixels.
    """
    terms = matrices[:, 0] * vectors[0] + plus
    return terms.addcmul_(matrices[:, 1], vectors[1]).addcmul_(matrices[:, 2], vectors[2])


def explained(fitted: Tensor, after: Tensor, most: Tensor) -> Tensor:
    """(1, h, w) in (0, 1]: small where maps leave more over than `most` (1, h, w), a variance.

    That is to be a share of the edit's own local variance (of RESIDUAL_RADIUS), and what noise there is.
    """
    left_over = window_means((after - fitted).square().mean(0, keepdim=True), RESIDUAL_RADIUS)
    return 1 / (1 + (left_over / most) ** 4)


def _inverse(variance: Tensor) -> Tensor:
    """Of the matrices `variance` + ε, symmetric: (6, h, w) in the order of `_squares` -> (3, 3, h, w).

    By cofactors: a picture has as many of them as pixels, and ε keeps them well-conditioned.
    """
    a, b, c, d, e, f = variance + EPSILON * torch.tensor([1, 0, 0, 1, 0, 1]).view(6, 1, 1)
    upper = [d * f - e * e, c * e - b * f, b * e - c * d, a * f - c * c, b * c - a * e, a * d - b * b]
    determinant = a * upper[0] + b * upper[1] + c * upper[2]
    return torch.stack([upper[place] for place in (0, 1, 2, 1, 3, 4, 2, 4, 5)]).div_(determinant).unflatten(0, (3, 3))


def _squares(x: Tensor) -> Tensor:
    """Products of all pairs of channels, each once: (3, h, w) -> (6, h, w), row by row of a matrix's upper half."""
    return torch.cat([x[0] * x, x[1] * x[1:], x[2] * x[2:]])


def _outer(left: Tensor, right: Tensor) -> Tensor:
    """Products of all pairs of channels: (3, h, w), (3, h, w) -> (3, 3, h, w)."""
    return left.unsqueeze(1) * right.unsqueeze(0)
