"""What the judge of looks says of two images, whatever they are (PIL, or arrays uint8 or in [0, 1])."""

from __future__ import annotations

from typing import Any

from ip2p_eval.looks.layout import kept
from ip2p_eval.looks.predicates import PREDICATES
from ip2p_eval.looks.predicates import applicable as applicable_to
from ip2p_eval.measures import Pair
from ip2p_eval.original import Original


def measure(before: Any, after: Any) -> Pair:
    return Original(before).against(after)


def followed(before: Any, after: Any, family: str) -> bool:
    return bool(PREDICATES[family](measure(before, after)))


def preserved(before: Any, after: Any, family: str) -> bool:
    return kept(measure(before, after), family)


def applicable(before: Any, family: str) -> bool:
    return applicable_to(Original(before).photo(), family)
