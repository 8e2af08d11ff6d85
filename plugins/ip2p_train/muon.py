"""Muon: momentum whose singular values are all made about 1: rare directions are learned as fast as common ones.

Jordan et al. 2024 (Muon: an optimizer for hidden layers), with the step's size of Liu et al. 2025 (arXiv 2502.16982,
section 2.2), so that a learning rate means what it means to AdamW. torch's own takes matrices alone, not convolutions.
"""

from __future__ import annotations

from collections.abc import Callable
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
                for weight in group["params"]:
                    self._step(weight, group["lr"], group["weight_decay"])
        return super().step(closure)

    def _step(self, weight: Tensor, learning_rate: float, weight_decay: float) -> None:
        if weight.grad is None:
            return
        state = self.state[weight]
        if not state:  # in AdamW's own names, which reads them back
            state["step"], state["exp_avg"] = torch.zeros(()), torch.zeros_like(weight)
        momentum = state["exp_avg"]
        momentum.lerp_(weight.grad, 1 - MOMENTUM)
        update = weight.grad.lerp_(momentum, MOMENTUM)  # Nesterov's
        matrix = update.reshape(len(update), -1)  # (out, in · k · k)
        change = orthogonal(matrix).reshape(weight.shape)
        weight.mul_(1 - learning_rate * weight_decay)
        weight.add_(change, alpha=-learning_rate * RMS * max(matrix.shape) ** 0.5)
        weight.grad = None  # AdamW passes over it


def orthogonal(matrix: Tensor) -> Tensor:
    """About U·Vᵀ of U·S·Vᵀ, by Newton-Schulz iterations.  # (m, n) -> (m, n)

    Each iteration multiplies from the left by a polynomial of X·Xᵀ, which commutes with the others: so all of them are
    made of the first X·Xᵀ, of the smaller side, and a wide matrix is multiplied only twice.
    """
    a, b, c = POLYNOMIAL
    x = matrix.T if matrix.size(0) > matrix.size(1) else matrix
    x = x / (x.norm() + 1e-7)
    gram = x @ x.T
    unit = torch.eye(len(gram), dtype=x.dtype, device=x.device)
    product = torch.addmm(a * unit + b * gram, gram, gram, alpha=c)
    polynomial = product
    for _ in range(ITERATIONS - 1):
        gram = polynomial @ gram @ polynomial
        polynomial = torch.addmm(a * unit + b * gram, gram, gram, alpha=c)
        product = polynomial @ product
    x = product @ x
    return x.T if matrix.size(0) > matrix.size(1) else x


def _is_hidden(module: nn.Module) -> bool:
    if not isinstance(module, nn.Linear | nn.Conv2d) or not module.weight.requires_grad:
        return False
    return min(module.weight.shape[:2]) >= SMALLEST
