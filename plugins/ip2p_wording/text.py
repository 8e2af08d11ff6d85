"""The form in which instructions are read: only for reading, never what the editor gets."""

from __future__ import annotations

import unicodedata

_PLAIN = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "‑": "-", "‐": "-"})
# Default_Ignorable_Code_Point of DerivedCoreProperties.txt, Unicode 15.1: what is not shown, beside category Cf
_IGNORABLE = (
    (0x00AD, 0x00AD),
    (0x034F, 0x034F),
    (0x061C, 0x061C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFF0, 0xFFF8),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
)
BLANK = frozenset("\u2800\u3164\uffa0")  # the empty braille cell and Hangul's fillers: shown as a space


def normal(text: str) -> str:
    """NFKC, case folded, plain quotes and hyphens, single spaces; invisible characters are left out."""
    seen = "".join(" " if letter in BLANK else letter for letter in text if not _invisible(letter))
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).casefold()).translate(_PLAIN)
    return " ".join(folded.split())


def _invisible(letter: str) -> bool:
    if letter.isspace() or (letter.isascii() and letter.isprintable()):
        return False
    return unicodedata.category(letter) in ("Cf", "Cc") or any(low <= ord(letter) <= high for low, high in _IGNORABLE)
