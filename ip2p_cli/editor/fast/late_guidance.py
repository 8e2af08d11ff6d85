"""No guidance in the last steps, where the rows with and without the instruction have come near to each other.

"Adaptive Guidance", Castillo et al. 2023, arXiv 2312.12487, section 4. They stop where the two agree; here it is always
the last quarter, so that a photo's result does not depend on its neighbours and no step has to wait for a comparison.
"""

from __future__ import annotations

from collections.abc import Sequence

LAST = 0.25  # share of the steps without guidance


def guided(signals: Sequence[float]) -> list[bool]:
    """Whether a step is guided; `signals` has one entry a step."""
    steps = len(signals)
    return [step < steps - int(steps * LAST) for step in range(steps)]
