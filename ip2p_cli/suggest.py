"""Did you mean: the nearest right name for a wrong one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(wrong: str, right: Iterable[str]) -> str:
    """The tail of an error message: the nearest name if there is one, else all of them."""
    names = sorted(set(right))
    near = difflib.get_close_matches(wrong.lower(), names, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known: {', '.join(names)}" if names else "there are none"
