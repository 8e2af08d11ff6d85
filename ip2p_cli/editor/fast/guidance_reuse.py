"""What guidance adds to a prediction changes slowly: it is kept for every second guided step.

The difference between the guided prediction and the plain one (photo and instruction) is kept as noise ε, whatever the
network predicts: there it hardly depends on the step. Such a step costs one row instead of three. The idea is CFG-Cache
of "FasterCache", Lv et al. 2024, arXiv 2410.19355, without its weights by frequency. A first step of noise alone is not
guided at all: it moves the picture so little that nothing of the guidance arrives.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

NOISE_ALONE = 0.01  # √ᾱ up to which the latents hold nothing of a picture: zero-terminal SNR


def guided(signals: Sequence[float]) -> list[bool]:
    """Whether a step is guided, by its signal √ᾱ. Some step always is."""
    return [signal > NOISE_ALONE or step == len(signals) - 1 for step, signal in enumerate(signals)]


def kept(guided: Sequence[bool]) -> list[bool]:
    """Whether a step takes over what guidance added at the guided step before it."""
    number, plan = 0, []
    for step in guided:
        plan.append(step and number % 2 == 1)
        number += step
    return plan


class KeptGuidance:
    """The difference that guidance made at the last whole step, as noise.  # (n, c, h, w)"""

    def __init__(self, scheduler: Any) -> None:
        self._prediction_type = str(scheduler.config.prediction_type)
        self._difference: Tensor | None = None

    def keep(self, guided: Tensor, plain: Tensor, signal: float) -> None:
        """Of two predictions at a step whose signal has the scale `signal` = √ᾱ."""
        self._difference = (guided - plain) * self._as_noise(signal)

    def add(self, plain: Tensor, signal: float) -> Tensor:
        """A plain prediction with the guidance of the step before it."""
        if self._difference is None:
            raise ValueError("no guidance is kept yet: a whole step comes first")
        return plain + self._difference / self._as_noise(signal)

    def _as_noise(self, signal: float) -> float:
        """∂ε/∂prediction at fixed noisy latents x = √ᾱ x₀ + σ ε: 1 for ε, √ᾱ for v, −√ᾱ/σ for x₀."""
        if self._prediction_type == "epsilon":
            return 1.0
        if self._prediction_type == "v_prediction":
            return signal
        return signal / (1 - signal**2) ** 0.5  # its sign is the same both times, and so does not matter
