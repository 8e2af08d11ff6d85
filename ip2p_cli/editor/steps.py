"""Which steps of a denoising loop do less than all, under the accelerations that are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ip2p_cli.accelerations import Accelerations
from ip2p_cli.editor.fast import feature_reuse, guidance_interval, guidance_reuse, late_guidance


@dataclass(frozen=True)
class StepPlan:
    """One step. A step that is not `guided`, or takes over its guidance, costs one row an item."""

    signal: float  # √ᾱ: the scale of what is left of the picture in the noisy latents
    guided: bool = True
    keeps_guidance: bool = False  # takes over what guidance added at the step before
    keeps_features: bool = False  # takes over the network's inner features

    @property
    def whole(self) -> bool:
        """Whether all rows of the guidance are evaluated."""
        return self.guided and not self.keeps_guidance


def plan_steps(accelerations: Accelerations, scheduler: Any, timesteps: Tensor) -> list[StepPlan]:
    """One plan a timestep."""
    signals = [_signal(scheduler, timestep) for timestep in timesteps]
    nothing = [False] * len(signals)
    guided = [not never for never in nothing]
    for name, plan in (
        ("guidance-interval", guidance_interval.guided(signals)),
        ("late-guidance", late_guidance.guided(signals)),
        ("guidance-reuse", guidance_reuse.guided(signals)),
    ):
        if name in accelerations:
            guided = [before and now for before, now in zip(guided, plan, strict=True)]
    keeps_guidance = guidance_reuse.kept(guided) if "guidance-reuse" in accelerations else nothing
    keeps_features = feature_reuse.kept(signals) if "feature-reuse" in accelerations else nothing
    return [StepPlan(*each) for each in zip(signals, guided, keeps_guidance, keeps_features, strict=True)]


def _signal(scheduler: Any, timestep: Tensor) -> float:
    """√ᾱ at a timestep of the schedule that the network was trained with."""
    table = scheduler.alphas_cumprod
    return float(table[min(int(timestep), len(table) - 1)]) ** 0.5
