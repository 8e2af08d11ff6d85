"""Muon: momentum whose singular values are all made about 1: rare directions are learned as fast as common ones.

Jordan et al. 2024 (Muon: an optimizer for hidden layers), with the step's size of Liu et al. 2025 (arXiv 2502.16982,
section 2.2), so that a learning rate means what it means to AdamW. torch's own takes matrices alone, not convolutions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

MOMENTUM = 0.95
RMS = 0.2  # root mean square of AdamW's steps, as a share of the learning rate (Liu et al. 2025)
SMALLEST = 16  # of a weight's sides: layers from or to a few channels are left to AdamW
POLYNOMIAL = (3.4445, -4.7750, 2.0315)  # of Jordan et al.: singular values come to 0.7 to 1.2 within a few iterations
ITERATIONS = 4  # one fewer than theirs: what is left small is noise


class Muon(torch.optim.AdamW):
    """The weights of linear and convolutional layers by Muon; embeddings, norms and biases by AdamW."""

    def __init__(self, model: nn.Module, **settings: Any) -> None:
        """`settings` are AdamW's; the learning rate and the weight decay are for both."""
        embeddings = {id(module.weight) for module in model.modules() if isinstance(module, nn.Embedding)}
        weights = {id(module.weight): module.weight for module in model.modules() if _is_hidden(module)}
        hidden = [weight for name, weight in weights.items() if name not in embeddings]
        known = {id(weight) for weight in hidden}
        others = [weight for weight in model.parameters() if weight.requires_grad and id(weight) not in known]
        groups: list[dict[str, Any]] = [{"params": others}, {"params": hidden, "orthogonal": True}]
        super().__init__([group for group in groups if group["params"]], **settings)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step of both kinds. Gradients of the hidden weights are used up."""
        for group in self.param_groups:
            if group.get("orthogonal"):
                for weights in _alike(group["params"]):
                    self._step(weights, group["lr"], group["weight_decay"])
        return super().step(closure)

    def _step(self, weights: list[Tensor], learning_rate: float | Tensor, weight_decay: float) -> None:
        """Of weights of one shape, together: small matrices are over before the next one is begun."""
        momenta, updates = [self._momentum(weight) for weight in weights], [_gradient(weight) for weight in weights]
        torch._foreach_lerp_(momenta, updates, 1 - MOMENTUM)
        torch._foreach_lerp_(updates, momenta, MOMENTUM)  # Nesterov's
        matrices = torch.stack([update.reshape(len(update), -1) for update in updates])  # (n, out, in · k · k)
        changes = orthogonal(matrices) * (-RMS * max(matrices.shape[1:]) ** 0.5 * learning_rate)
        for weight, change in zip(weights, changes, strict=True):
            weight.mul_(1 - learning_rate * weight_decay)
            weight.add_(change.reshape(weight.shape))
            weight.grad = None  # AdamW passes over it

    def _momentum(self, weight: Tensor) -> Tensor:
        state = self.state[weight]
        if not state:  # in AdamW's own names, which reads them back
            state["step"], state["exp_avg"] = torch.zeros(()), torch.zeros_like(weight)
        momentum: Tensor = state["exp_avg"]
        return momentum


def orthogonal(matrix: Tensor) -> Tensor:
    """About U·Vᵀ of U·S·Vᵀ, by Newton-Schulz iterations.  # (..., m, n) -> (..., m, n)

    Each iteration multiplies from the left by a polynomial of X·Xᵀ, which commutes with the others: so all of them are
    made of the first X·Xᵀ, of the smaller side, and a wide matrix is multiplied only twice.
    """
    a, b, c = POLYNOMIAL
    is_tall = matrix.size(-2) > matrix.size(-1)
    x = matrix.mT if is_tall else matrix
    x = x / (torch.linalg.matrix_norm(x, keepdim=True) + 1e-7)
    gram = x @ x.mT
    unit = torch.eye(gram.size(-1), dtype=x.dtype, device=x.device)
    product = a * unit + b * gram + c * (gram @ gram)
    polynomial = product
    for _ in range(ITERATIONS - 1):
        gram = polynomial @ gram @ polynomial
        polynomial = a * unit + b * gram + c * (gram @ gram)
        product = polynomial @ product
    x = product @ x
    return x.mT if is_tall else x


def _gradient(weight: Tensor) -> Tensor:
    assert weight.grad is not None
    return weight.grad


def _alike(weights: Sequence[Tensor]) -> list[list[Tensor]]:
    """Those that have a gradient, by their shape."""
    found: dict[torch.Size, list[Tensor]] = {}
    for weight in weights:
        if weight.grad is not None:
            found.setdefault(weight.shape, []).append(weight)
    return list(found.values())


def _is_hidden(module: nn.Module) -> bool:
    if not isinstance(module, nn.Linear | nn.Conv2d) or not module.weight.requires_grad:
        return False
    return min(module.weight.shape[:2]) >= SMALLEST
