"""One predicate a thing: is it there? From outline, place and colour of what changed, as a person would describe it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ip2p_eval.local.found import Found, patches
from ip2p_eval.local.names import share_called

There = Callable[[Found], bool]
_SMALL, _BIG = 0.30, 0.28  # of the picture's short side: at most, at least
_PREFIXES = (1.0, 0.8, 0.6, 0.45, 0.3)  # of what changed in a column: below a rainbow there may be noise
_LARGEST = {"small": 0.1, "": 0.22, "big": 0.36}  # of the picture: what a single thing may cover


def moon(f: Found) -> bool:
    round_, pale = 0.6 <= f.aspect <= 1.7 and f.fill >= 0.36, share_called(f.lab, "white", "yellow", "grey", "orange")
    return round_ and pale >= 0.5 and f.light >= 50 and f.middle <= 0.55 and f.contrast >= 8


def sun(f: Found) -> bool:
    return 0.6 <= f.aspect <= 1.7 and share_called(f.lab, "yellow", "orange") >= 0.45 and f.middle <= 0.55


def stars(f: Found) -> bool:
    """Many small patches, none large, lighter or yellower than what was there."""
    before, after = f.change.pair.before.lab[f.mask], f.lab
    if not len(after):
        return False
    bright = float(((after[:, 0] - before[:, 0] >= 6) | (after[:, 2] - before[:, 2] >= 12)).mean())
    found = patches(f.mask)
    return len(found) >= 6 and found[0] <= 0.02 * f.mask.size and bright >= 0.5 and f.middle <= 0.6


def rainbow(f: Found) -> bool:
    """Down through its crown the hues come in order, red to violet (or the reverse), in most columns."""
    order, columns = 0, 0
    left, right = int(f.mask.shape[1] * 0.25), int(f.mask.shape[1] * 0.75)
    for column in range(left, right, 2):
        rows = np.nonzero(f.mask[:, column])[0]
        if len(rows) < 10:
            continue
        crown = rows[: int(np.argmax(np.diff(rows) > 4)) + 1] if (np.diff(rows) > 4).any() else rows
        columns += 1
        lab = f.change.pair.after.lab[crown, column]
        order += any(_hues_in_order(lab[: round(share * len(lab))]) for share in _PREFIXES)
    return columns >= 0.3 * (right - left) / 2 and order >= 0.5 * columns and f.width >= 0.4


def _hues_in_order(lab: np.ndarray) -> bool:
    """Whether (n, 3), from one end to the other, runs through red, yellow, green, blue or violet."""
    coloured = lab[np.hypot(lab[:, 1], lab[:, 2]) >= 14]
    if len(coloured) < 6:
        return False
    hue = (np.degrees(np.arctan2(coloured[:, 2], coloured[:, 1])) + 25) % 360  # violet stays the last
    place = np.arange(len(hue))
    rising = float(np.corrcoef(place, hue)[0, 1]) if np.ptp(hue) > 0 else 0.0
    seen = [((hue >= low) & (hue < high)).mean() >= 0.06 for low, high in ((20, 90), (90, 138), (138, 220), (240, 350))]
    return abs(rising) >= 0.7 and sum(seen) >= 3


def clouds(f: Found) -> bool:
    return f.light >= 62 and f.chroma <= 16 and 0.012 <= f.area <= 0.4 and f.middle <= 0.5


def balloon(f: Found) -> bool:
    return 0.4 <= f.aspect <= 1.4 and f.fill >= 0.36 and f.chroma >= 14


def hot_air_balloon(f: Found) -> bool:
    return 0.45 <= f.aspect <= 1.35 and f.fill >= 0.4 and f.chroma >= 14 and f.middle <= 0.6 and f.top_heaviness >= 0.5


def kite(f: Found) -> bool:
    return 0.3 <= f.aspect <= 1.9 and f.fill <= 0.93 and f.chroma >= 14 and f.middle <= 0.62


def bird(f: Found) -> bool:
    return 0.5 <= f.aspect <= 3.2 and f.fill <= 0.74 and f.area >= 0.003 and f.contrast >= 9


def plane(f: Found) -> bool:
    return 1.1 <= f.aspect <= 4.5 and f.fill <= 0.78 and f.middle <= 0.6 and f.contrast >= 10


def boat(f: Found) -> bool:
    return 0.45 <= f.aspect <= 3.2 and f.middle >= 0.4 and f.area >= 0.006 and f.top_heaviness <= 0.62


def boats(f: Found) -> bool:
    """Several patches of some size, none large, in the lower part."""
    found = [area for area in patches(f.mask) if area >= 0.002 * f.mask.size]
    return len(found) >= 2 and found[0] <= 0.15 * f.mask.size and f.middle >= 0.4


def tree(f: Found) -> bool:
    return f.aspect <= 1.5 and f.height >= 0.17 and f.top_heaviness >= 0.44 and share_called(f.lab, "green") >= 0.35


def house(f: Found) -> bool:
    return 0.55 <= f.aspect <= 2.2 and f.fill >= 0.52 and f.area >= 0.012 and f.middle >= 0.35


def flower(f: Found) -> bool:
    return 0.3 <= f.aspect <= 1.5 and 0.004 <= f.area <= 0.2 and f.middle >= 0.35


def snowman(f: Found) -> bool:
    return f.aspect <= 1.1 and share_called(f.lab, "white", "grey") >= 0.45 and f.light >= 60 and f.middle >= 0.3


def car(f: Found) -> bool:
    return 1.1 <= f.aspect <= 3.5 and f.middle >= 0.4 and f.fill >= 0.45


THERE: dict[str, There] = {
    "moon": moon,
    "sun": sun,
    "stars": stars,
    "rainbow": rainbow,
    "clouds": clouds,
    "balloon": balloon,
    "hot air balloon": hot_air_balloon,
    "kite": kite,
    "bird": bird,
    "plane": plane,
    "boat": boat,
    "boats": boats,
    "tree": tree,
    "house": house,
    "flower": flower,
    "snowman": snowman,
    "car": car,
}
CROWDS = {  # things that are no compact blob -> rows (from, to, as shares of the height) where they belong
    "stars": (0.0, 0.72),
    "rainbow": (0.0, 0.80),
    "clouds": (0.0, 0.62),
    "boats": (0.35, 1.0),
}
_SOFT = ("clouds",)  # whose outlines may be weaker than what they cover
_COLOURED_SHARE = {"boat": 0.12, "flower": 0.14, "kite": 0.35, "tree": 0.35}  # of a thing that has its colour; else 0.4


def is_there(thing: str, found: Found, colour: str = "", size: str = "") -> bool:
    """Whether the thing is there, in the colour and of the size that were asked for."""
    if not found.change.visible or not found.stands_alone or not found.hides:
        return False
    if not (found.outlined or thing in _SOFT) or not THERE[thing](found):
        return False
    if thing not in CROWDS and found.area > _LARGEST[size]:
        return False
    if colour and share_called(found.lab, colour) < _COLOURED_SHARE.get(thing, 0.4):
        return False
    return (size != "small" or found.longer <= _SMALL) and (size != "big" or found.longer >= _BIG)
