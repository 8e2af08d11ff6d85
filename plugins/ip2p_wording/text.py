"""The form in which instructions are read: only for reading, never what the editor gets."""

from __future__ import annotations

import unicodedata

_PLAIN = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "‑": "-", "‐": "-"})


def normal(text: str) -> str:
    """NFKC, case folded, plain quotes and hyphens, single spaces; invisible characters are left out."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).translate(_PLAIN)
    seen = "".join(letter for letter in folded if unicodedata.category(letter) != "Cf")
    return " ".join(seen.split())
