"""A photo that edits are compared with, and the two controls: an editor that does nothing, and one that only blurs."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from ip2p_eval.measures import Pair, Photo
from ip2p_eval.pixels import WORK_SIZE, blur, fitted, resize, to_rgb

BLUR = 2 / 256  # of the longer side: the standard deviation of the control's blur


class Original:
    """A photo to compare edits with; its own statistics are taken once for each size needed."""

    def __init__(self, image: Any) -> None:
        """From a PIL image or an array (h, w, 3), uint8 or float in [0, 1]."""
        self._rgb = to_rgb(image)
        self._photos: dict[tuple[int, int], Photo] = {}

    def photo(self, long_side: int = WORK_SIZE) -> Photo:
        """The photo with at most that long side, antialiased."""
        size = fitted(self._rgb, long_side)
        if size not in self._photos:
            self._photos[size] = Photo(resize(self._rgb, *size))
        return self._photos[size]

    @cached_property
    def copied(self) -> Pair:
        """The photo as its own edit: what an editor that does nothing makes of it."""
        return Pair(self.photo(), self.photo())

    @cached_property
    def blurred(self) -> Pair:
        """The photo and its blurred self: what an editor makes of it that only loses detail."""
        rgb = self.photo().rgb
        planes = [blur(np.ascontiguousarray(rgb[..., c]), BLUR * max(rgb.shape)) for c in range(3)]
        return Pair(self.photo(), Photo(np.stack(planes, axis=-1)))

    def against(self, image: Any) -> Pair:
        """The pair with an edited image, which is brought to the photo's shape; both at the smaller size of the two."""
        after = to_rgb(image)
        before = self.photo(min(WORK_SIZE, max(after.shape[:2])))
        height, width = before.rgb.shape[:2]
        return Pair(before, Photo(resize(after, width, height)))
