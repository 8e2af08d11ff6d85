"""When two wordings are the same."""

from __future__ import annotations

import re


def normalised(wording: str) -> str:
    """Lower case, words only: two wordings that differ in case, spacing or punctuation are the same."""
    return " ".join(re.findall(r"[a-z0-9]+", wording.lower().replace("'", "").replace("’", "")))
