"""Guidance at middling noise only: at high noise it harms, at low noise it is hardly needed.

Kynkäänniemi et al. 2024, arXiv 2404.07724, section 3; the interval is that of their table for Stable Diffusion XL.
"""

from __future__ import annotations

from collections.abc import Sequence

LOW, HIGH = 0.28, 5.42  # σ, the noise's standard deviation against a signal of scale 1


def guided(signals: Sequence[float]) -> list[bool]:
    """Whether a step is guided, by its signal √ᾱ: σ² = (1 − ᾱ) / ᾱ."""
    return [LOW**2 * signal**2 < 1 - signal**2 <= HIGH**2 * signal**2 for signal in signals]
