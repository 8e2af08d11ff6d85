"""One picture, as a probe sees it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, SupportsFloat

from ip2p_cli.api import Ip2pError, Probe

if TYPE_CHECKING:
    from PIL.Image import Image

UNKNOWN = "unknown"
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Reading:
    """What is perceived in one picture."""

    attribute: str | None  # UNKNOWN where the probe cannot tell; None where there is no picture
    probabilities: Mapping[str, float] = field(default_factory=dict)
    problem: str = ""  # why there is no picture, or no answer of the probe


def read(probe: Probe, picture: Image | Ip2pError, confidence: float) -> Reading:
    """The probe's most probable attribute, UNKNOWN where that has less than `confidence`. Failures become readings."""
    if isinstance(picture, Ip2pError):
        return Reading(None, problem=str(picture))
    try:
        found = probe(picture)
        wrong = "" if found is None else what_is_wrong(found)
    except Exception as problem:  # somebody else's code, on any picture: one item's failure
        return Reading(None, problem=f"the probe failed ({type(problem).__name__}: {problem})")
    if found is None:
        return Reading(UNKNOWN)
    if wrong:
        return Reading(None, problem=f"the probe's answer is no set of probabilities ({wrong})")
    best = max(found, key=lambda name: found[name])
    sure = found[best] >= confidence and list(found.values()).count(found[best]) == 1
    return Reading(best if sure else UNKNOWN, {name: float(share) for name, share in found.items()})


def what_is_wrong(found: object) -> str:
    """Why these are no probabilities of different attributes, summing to at most 1; empty where they are."""
    if not isinstance(found, Mapping):
        return f"it is {type(found).__name__}, not a mapping of attributes to probabilities"
    if not found:
        return "it names no attribute; None says that it cannot tell"
    if UNKNOWN in found:
        return f"{UNKNOWN!r} is no attribute; leave its share out"
    if not all(isinstance(name, str) for name in found):
        return f"attributes are texts: {dict(found)}"
    if not all(isinstance(share, SupportsFloat) for share in found.values()):
        return f"probabilities are numbers: {dict(found)}"
    if not all(math.isfinite(share) and -_ROUNDING <= share <= 1 + _ROUNDING for share in found.values()):
        return f"each has to lie in [0, 1]: {dict(found)}"
    if sum(found.values()) > 1 + _ROUNDING:
        return f"they sum to {sum(found.values()):.4f}"
    return ""
