"""How far edits are to go: a name, or two numbers -> a band of the distance that reviews measure."""

from __future__ import annotations

import re

from ip2p_cli.errors import UsageError
from ip2p_cli.suggest import did_you_mean
from ip2p_cli.types import ChangeBand

DEFAULT_TRIES = 6
MAX_TRIES = 16
NAMED = {"gentle": (0.1, 0.3), "normal": (0.25, 0.5), "strong": (0.45, 0.75)}
_NUMBERS = re.compile(r"(\d*\.?\d+)\.\.(\d*\.?\d+)")


def parse_band(text: object, where: str, tries: int = DEFAULT_TRIES) -> ChangeBand:
    """`gentle`, `normal`, `strong` or `LOW..HIGH` with 0 <= LOW < HIGH <= 1.

    Raises:
        UsageError: it is neither.
    """
    if not isinstance(text, str):
        raise UsageError(f'{where} is {text!r}; give a text such as "gentle" or "0.2..0.5"')
    if text in NAMED:
        return ChangeBand(*NAMED[text], tries)
    found = _NUMBERS.fullmatch(text.strip())
    if found is None:
        raise UsageError(
            f"{where} is {text!r}; give LOW..HIGH, such as 0.2..0.5, or a name: {did_you_mean(text, NAMED)}"
        )
    low, high = map(float, found.groups())
    if not 0 <= low < high <= 1:
        raise UsageError(f"{where} is {text!r}; give two numbers from 0 to 1, the smaller one first")
    return ChangeBand(low, high, tries)
