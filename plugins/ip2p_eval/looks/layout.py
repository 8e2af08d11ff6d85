"""Is the layout of the photo still there?"""

from __future__ import annotations

from ip2p_eval.measures import Pair

DRAWN = frozenset({"oil-painting", "watercolor", "pencil-sketch", "cartoon", "pixel-art", "dreamy"})
LEAST = 0.40  # two different photos hardly ever reach 0.15
LEAST_DRAWN = 0.25  # drawn and blurred looks move and drop edges, as they should


def kept(pair: Pair, family: str) -> bool:
    """Whether the edge structure agrees as far as the family's way of drawing allows."""
    return pair.layout >= (LEAST_DRAWN if family in DRAWN else LEAST)
