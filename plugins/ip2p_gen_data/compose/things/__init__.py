"""The things that local edits draw into pictures: THINGS is the list, one module a group holds the drawings.

A thing is a function (pen, colour, rng) that draws into a box, an entry in THINGS, and its words in local/words.toml.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..pixels import Array
from . import afloat, built, flying, heavens, plants, standing
from .colours import RGB, shade_of
from .pen import Pen

Draw = Callable[[Pen, RGB, np.random.Generator], None]
Where = Literal["sky", "air", "ground", "water", "wide-sky", "wide-horizon", "wide-ground"]
_ALL = ("red", "blue", "yellow", "green", "orange", "purple", "pink", "white", "black")
_WALLS = ("white", "red", "yellow", "blue", "pink", "brown", "grey")
_LEAVES = ("green", "orange", "red", "yellow", "pink")


@dataclass(frozen=True)
class Thing:
    """How a thing is drawn and where it goes. `height` is its usual share of the picture's height.

    The first of `colours` is the one it has where nobody names one. Those `wide` things span the picture.
    """

    draw: Draw
    where: Where
    colours: tuple[str, ...]
    height: float
    aspect: float = 1.0  # width over height
    lit: bool = False  # shines by itself: it is not shaded, nor dimmed in a dark picture
    soft: bool = False  # painted by maps: not drawn larger first
    tilt: float = 6.0  # up to so many degrees
    flips: bool = True  # may be mirrored
    many: bool = False  # people also ask for several

    @property
    def wide(self) -> bool:
        """Whether it spans the picture: it has no size, and stands left or right of nothing."""
        return self.where.startswith("wide")

    @property
    def coloured(self) -> bool:
        """Whether one can ask for it in another colour."""
        return len(self.colours) > 1


THINGS: dict[str, Thing] = {
    "moon": Thing(heavens.full_moon, "sky", ("white", "yellow", "orange", "red", "blue"), 0.27, lit=True, tilt=0),
    "crescent": Thing(heavens.crescent_moon, "sky", ("yellow", "white", "orange"), 0.29, lit=True, tilt=20),
    "sun": Thing(heavens.sun, "sky", ("yellow", "orange", "red"), 0.32, lit=True, tilt=12),
    "stars": Thing(heavens.stars, "wide-sky", ("yellow", "white", "blue", "pink"), 0.50, 2.0, lit=True, tilt=0),
    "rainbow": Thing(heavens.rainbow, "wide-sky", ("red",), 0.52, 1.85, lit=True, soft=True, tilt=0, flips=False),
    "cloud": Thing(heavens.cloud, "sky", ("white", "grey", "pink", "black"), 0.22, 1.75, lit=True, tilt=0, many=True),
    "lightning": Thing(heavens.lightning, "sky", ("yellow", "white", "purple"), 0.45, 0.6, lit=True),
    "fireworks": Thing(
        heavens.fireworks, "sky", ("red", "yellow", "green", "blue", "purple", "pink"), 0.36, lit=True, many=True
    ),
    "snowflake": Thing(heavens.snowflake, "air", ("white", "blue"), 0.24, lit=True, tilt=15, many=True),
    "comet": Thing(heavens.comet, "sky", ("yellow", "white", "blue"), 0.26, 1.5, lit=True),
    "balloon": Thing(flying.balloon, "air", _ALL, 0.36, 0.56, many=True),
    "hot-air-balloon": Thing(flying.hot_air_balloon, "sky", _ALL[:7], 0.38, 0.74, tilt=3, many=True),
    "kite": Thing(flying.kite, "sky", _ALL[:7], 0.40, 0.62, tilt=25),
    "plane": Thing(flying.plane, "sky", ("white", "red", "blue", "yellow", "green"), 0.20, 2.3, tilt=10, many=True),
    "bird": Thing(flying.bird, "air", ("black", "white", "blue", "red", "yellow", "brown"), 0.22, 1.35, many=True),
    "butterfly": Thing(
        flying.butterfly, "air", ("orange", "blue", "yellow", "pink", "purple", "red"), 0.24, 1.1, tilt=25, many=True
    ),
    "airship": Thing(flying.airship, "sky", ("grey", "red", "blue", "yellow"), 0.20, 2.2),
    "rocket": Thing(flying.rocket, "sky", ("red", "blue", "orange", "green"), 0.42, 0.55, tilt=25),
    "flying-saucer": Thing(
        flying.flying_saucer, "sky", ("grey", "green", "purple", "red"), 0.20, 2.0, tilt=10, many=True
    ),
    "helicopter": Thing(flying.helicopter, "sky", ("red", "yellow", "blue", "green", "black"), 0.24, 1.8),
    "heart": Thing(flying.heart, "air", ("red", "pink", "purple", "blue", "black"), 0.28, 1.05, many=True),
    "boat": Thing(afloat.sailing_boat, "water", _ALL, 0.34, 0.95, tilt=3, many=True),
    "rowing-boat": Thing(
        afloat.rowing_boat, "water", ("brown", "red", "blue", "green", "yellow", "white"), 0.17, 2.4, tilt=2, many=True
    ),
    "ship": Thing(afloat.ship, "water", ("red", "blue", "black", "green"), 0.28, 1.9, tilt=2, many=True),
    "duck": Thing(afloat.duck, "water", ("yellow", "pink", "blue", "white", "red"), 0.26, 1.2, tilt=3, many=True),
    "whale": Thing(afloat.whale, "water", ("blue", "grey", "black", "white"), 0.26, 1.75, tilt=3),
    "tree": Thing(plants.tree, "ground", _LEAVES, 0.50, 0.8, tilt=2, many=True),
    "pine": Thing(plants.pine, "ground", ("green", "white", "blue"), 0.50, 0.62, tilt=2, many=True),
    "christmas-tree": Thing(plants.christmas_tree, "ground", ("green", "white"), 0.50, 0.66, tilt=2),
    "palm": Thing(plants.palm, "ground", ("green", "yellow"), 0.52, 0.85, tilt=2, many=True),
    "cactus": Thing(plants.cactus, "ground", ("green", "yellow", "purple"), 0.38, 0.75, tilt=3, many=True),
    "flower": Thing(
        plants.flower,
        "ground",
        ("red", "yellow", "pink", "white", "purple", "blue", "orange"),
        0.36,
        0.62,
        tilt=8,
        many=True,
    ),
    "mushroom": Thing(plants.mushroom, "ground", ("red", "brown", "purple", "blue"), 0.27, 1.0, tilt=5, many=True),
    "pumpkin": Thing(plants.pumpkin, "ground", ("orange", "green", "white", "yellow"), 0.24, 1.25, tilt=4, many=True),
    "house": Thing(built.house, "ground", _WALLS, 0.40, 1.1, tilt=0, many=True),
    "lighthouse": Thing(built.lighthouse, "ground", ("red", "blue", "black", "green"), 0.52, 0.38, tilt=0),
    "castle": Thing(built.castle, "ground", ("grey", "pink", "yellow", "white"), 0.46, 1.1, tilt=0, flips=False),
    "tent": Thing(built.tent, "ground", ("orange", "red", "blue", "green", "yellow"), 0.28, 1.45, tilt=0, many=True),
    "windmill": Thing(built.windmill, "ground", ("white", "red", "brown", "grey"), 0.52, 0.8, tilt=0),
    "fence": Thing(built.fence, "wide-ground", ("white", "brown", "red", "green", "blue"), 0.24, 4.2, tilt=0),
    "bench": Thing(built.bench, "ground", ("brown", "red", "green", "blue", "white"), 0.24, 1.8, tilt=0),
    "skyline": Thing(built.skyline, "wide-horizon", ("grey",), 0.42, 2.4, tilt=0),
    "mountains": Thing(built.mountains, "wide-horizon", ("blue", "grey", "brown"), 0.40, 2.5, tilt=0),
    "snowman": Thing(standing.snowman, "ground", ("red",), 0.46, 0.62, tilt=3),
    "umbrella": Thing(
        standing.umbrella, "ground", ("red", "blue", "yellow", "green", "orange", "pink"), 0.40, 1.0, tilt=10, many=True
    ),
    "ball": Thing(
        standing.ball, "ground", ("red", "blue", "yellow", "green", "orange", "purple", "pink"), 0.24, many=True
    ),
    "car": Thing(
        standing.car,
        "ground",
        ("red", "blue", "yellow", "green", "white", "black", "orange"),
        0.24,
        2.0,
        tilt=0,
        many=True,
    ),
    "present": Thing(
        standing.present, "ground", ("red", "blue", "green", "purple", "pink", "white"), 0.26, tilt=4, many=True
    ),
    "flag": Thing(standing.flag, "ground", ("red", "blue", "green", "yellow", "white", "black"), 0.44, 0.75, tilt=4),
    "camp-fire": Thing(standing.camp_fire, "ground", ("red",), 0.30, 0.85, lit=True),
    "apple": Thing(standing.apple, "ground", ("red", "green", "yellow"), 0.24, 1.0, many=True),
    "cake": Thing(standing.cake, "ground", ("pink", "brown", "white", "blue", "yellow"), 0.26, 1.25, tilt=0),
    "hat": Thing(standing.hat, "ground", ("black", "red", "blue", "purple", "green"), 0.24, 1.25, tilt=8),
    "crown": Thing(standing.crown, "ground", ("yellow", "white", "red"), 0.22, 1.3),
    "sheep": Thing(standing.sheep, "ground", ("white", "black", "pink", "brown"), 0.28, 1.3, tilt=0, many=True),
    "star": Thing(standing.big_star, "air", ("yellow", "red", "blue", "white", "green", "pink"), 0.27, tilt=12),
}


def draw(name: str, colour: str, height: int, rng: np.random.Generator, width: int | None = None) -> Array:
    """A thing of a colour, drawn afresh: (height, width, 4) in [0, 1]. `rng` decides on its shape, tilt and light."""
    thing = THINGS[name]
    width = max(8, round(height * thing.aspect)) if width is None else width
    tilt = float(rng.uniform(-thing.tilt, thing.tilt))
    flip = thing.flips and bool(rng.random() < 0.5)
    scale = 1 if thing.soft else 3 if max(width, height) <= 170 else 2
    pen = Pen(width, height, scale=scale, tilt=tilt, flip=flip)
    thing.draw(pen, shade_of(colour, rng), rng)
    return pen.finish(shaded=not thing.lit)
