"""What the network says of a bucket at one step: rows are evaluated and joined, or taken over, as the step is planned.

Shapes: n items, r network rows (1 to 3 an item), c latent channels, latents h x w.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ip2p_cli.editor.fast.feature_reuse import Features
from ip2p_cli.editor.fast.guidance_reuse import KeptGuidance
from ip2p_cli.editor.guidance import Combiner, plan_plain_rows, plan_rows
from ip2p_cli.editor.rows import Bucket, Network, NetworkRows, cut_rows
from ip2p_cli.editor.steps import StepPlan


@dataclass(frozen=True)
class _Calls:
    """The calls that a step makes, and how their rows are joined."""

    rows: tuple[NetworkRows, ...]
    combine: Combiner


class Predictor:
    """For one bucket and one denoising loop.

    Args:
        features: of the network, where it can be spared a part.
        kept: where guidance is to be kept from step to step.
    """

    def __init__(
        self, network: Network, bucket: Bucket, batch_size: int, features: Features, kept: KeptGuidance | None
    ) -> None:
        self._network = network
        self._bucket = bucket
        self._batch_size = batch_size
        self._features = features
        self._kept = kept
        self._calls: dict[bool, _Calls] = {}

    def __call__(self, plan: StepPlan, scaled: Tensor, timestep: Tensor) -> Tensor:
        """One prediction an item from the noisy latents, both (n, c, h, w) and float32."""
        if plan.whole not in self._calls:
            self._calls[plan.whole] = self._plan_calls(plan.whole, scaled, timestep)
        calls = self._calls[plan.whole]
        evaluated = []
        for number, rows in enumerate(calls.rows):
            with self._features.of((plan.whole, number), reuse=plan.keeps_features):
                evaluated.append(self._network(rows, scaled, timestep))
        joined = torch.cat(evaluated)  # (r, c, h, w)
        prediction = calls.combine(joined)
        if self._kept is not None and plan.whole:
            self._kept.keep(prediction, calls.combine.plain(joined), plan.signal)
        if self._kept is not None and plan.keeps_guidance:
            return self._kept.add(prediction, plan.signal)
        return prediction

    def _plan_calls(self, whole: bool, scaled: Tensor, timestep: Tensor) -> _Calls:
        plan = plan_rows(self._bucket.guidance) if whole else plan_plain_rows(self._bucket.guidance)
        cut = cut_rows(plan, self._bucket, self._batch_size)
        rows = tuple(self._network.shortest(each, scaled, timestep) for each in cut)
        return _Calls(rows, Combiner(plan, scaled.device))
