"""Which steps of a denoising loop do less than all, under the accelerations that are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from ip2p_cli.accelerations import Accelerations
from ip2p_cli.editor.fast import feature_reuse, guidance_interval, guidance_reuse, late_guidance
from ip2p_cli.errors import UsageError

GUIDED: Mapping[str, Callable[[Sequence[float]], list[bool]]] = {
    "guidance-interval": guidance_interval.guided,
    "late-guidance": late_guidance.guided,
    "guidance-reuse": guidance_reuse.guided,
}
OF_STEPS = {*GUIDED, "feature-reuse"}


@dataclass(frozen=True)
class StepPlan:
    """One step. A step that is not `guided`, or takes over its guidance, costs one row an item."""

    signal: float = 1.0  # √ᾱ: the scale of what is left of the picture in the noisy latents
    guided: bool = True
    keeps_guidance: bool = False  # takes over what guidance added at the step before
    keeps_features: bool = False  # takes over the network's inner features

    @property
    def whole(self) -> bool:
        """Whether all rows of the guidance are evaluated."""
        return self.guided and not self.keeps_guidance


def plan_steps(accelerations: Accelerations, scheduler: Any, timesteps: Tensor) -> list[StepPlan]:
    """One plan a timestep.

    Raises:
        UsageError: the sampler does not tell how noisy its steps are, which accelerations go by.
    """
    if not accelerations & OF_STEPS:
        return [StepPlan() for _ in timesteps]
    signals = [_signal(scheduler, timestep) for timestep in timesteps]
    guided, keeps_guidance = [True] * len(signals), [False] * len(signals)
    for name, plan in GUIDED.items():
        if name in accelerations:
            guided = [before and now for before, now in zip(guided, plan(signals), strict=True)]
    if "guidance-reuse" in accelerations:
        keeps_guidance = guidance_reuse.kept(guided)
    plans = [StepPlan(*each) for each in zip(signals, guided, keeps_guidance, strict=True)]
    if "feature-reuse" not in accelerations:
        return plans
    kept = feature_reuse.kept([plan.whole for plan in plans])
    return [replace(plan, keeps_features=keeps) for plan, keeps in zip(plans, kept, strict=True)]


def _signal(scheduler: Any, timestep: Tensor) -> float:
    """√ᾱ at a timestep of the schedule that the network was trained with."""
    table = getattr(scheduler, "alphas_cumprod", None)
    if table is None:
        raise UsageError(f"{type(scheduler).__name__} has no schedule that --accelerate could go by; leave one out")
    return float(table[min(int(timestep), len(table) - 1)]) ** 0.5
