"""How answers are drawn: OpenAI's frequency penalty, and sampling whose chance belongs to the row, not to the batch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import LogitsProcessor


class FrequencyPenalty(LogitsProcessor):
    """logit[j] - penalty · (how often token j was sampled so far), as OpenAI defines `frequency_penalty`.

    The prompt does not count, and the penalty comes before the temperature.
    """

    def __init__(self, penalty: float, prompt_length: int) -> None:
        self._penalty, self._prompt_length = penalty, prompt_length

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """(b, l) ids of prompt and answer, (b, v) logits -> (b, v)."""
        sampled = input_ids[:, self._prompt_length :]
        less = torch.full(sampled.shape, -self._penalty, dtype=scores.dtype, device=scores.device)
        return scores.scatter_add(1, sampled, less)


class RowSampling(LogitsProcessor):
    """Makes greedy search draw from softmax(logits / temperature): the Gumbel-max trick, one generator a row.

    argmax(logits / T + g), with g standard Gumbel noise, is distributed as that softmax; the noise of a row comes from
    its own seed, so that it is the same alone and in any batch. `generate(do_sample=True)` has one generator for all.
    """

    def __init__(self, seeds: Sequence[int], temperature: float) -> None:
        self._generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        self._temperature = temperature

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """(b, v) logits -> (b, v), of which the greatest is the token drawn."""
        draws = [torch.empty(scores.shape[1]).exponential_(generator=generator) for generator in self._generators]
        gumbel = -torch.stack(draws).log()  # minus the logarithm of an exponential variable is a Gumbel one
        return scores.float() / self._temperature + gumbel.to(scores.device)
