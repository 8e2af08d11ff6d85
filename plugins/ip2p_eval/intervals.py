"""Means with intervals, by drawing the rows anew (Efron's percentile bootstrap)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

DRAWS = 2000


def mean_with_interval(values: NDArray[np.float64], seed: int = 0) -> dict[str, Any]:
    """Mean of the finite values and its 95 % interval, ready for JSON; None where there is no finite value."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return {"mean": None, "low": None, "high": None, "of": 0}
    rng = np.random.default_rng(seed)
    means = np.array([finite[rng.integers(len(finite), size=len(finite))].mean() for _ in range(DRAWS)])
    low, high = np.quantile(means, [0.025, 0.975])
    return {
        "mean": round(float(finite.mean()), 6),
        "low": round(float(low), 6),
        "high": round(float(high), 6),
        "of": len(finite),
    }
