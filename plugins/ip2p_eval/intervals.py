"""Shares with Wilson's intervals, means with intervals by drawing the rows anew (Efron's percentile bootstrap)."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

DRAWS = 2000
Z95 = 1.959964


def wilson(passed: int, total: int) -> tuple[float, float]:
    """Wilson's 95% interval of a share; (0, 1) where nothing was counted."""
    if total == 0:
        return 0.0, 1.0
    share, z2 = passed / total, Z95 * Z95
    centre = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = Z95 * sqrt(share * (1 - share) / total + z2 / (4 * total * total)) / (1 + z2 / total)
    return max(0.0, centre - half), min(1.0, centre + half)


def share(passed: int, total: int) -> dict[str, Any]:
    """passed / total with Wilson's 95% interval, ready for JSON; the share is None where nothing was counted."""
    low, high = wilson(passed, total)
    found = round(passed / total, 4) if total else None
    return {"share": found, "low": round(low, 4), "high": round(high, 4), "passed": passed, "of": total}


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
