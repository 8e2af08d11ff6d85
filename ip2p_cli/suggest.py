"""Did you mean: the nearest right name for a wrong one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(wrong: str, right: Iterable[str], shown: Iterable[str] | None = None) -> str:
    """The tail of an error message: the nearest name if there is one, else all of them, or those to be `shown`."""
    names = sorted(set(right))
    near = difflib.get_close_matches(wrong.lower(), names, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    names = names if shown is None else sorted(set(shown))
    return f"known: {', '.join(names)}" if names else "there are none"
