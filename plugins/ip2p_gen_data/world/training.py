"""The world as training data by name: `ip2p train world`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ip2p_cli.api import TRAINING, DataEngine, DrawnData, DrawnEdits

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .dataset import CaptionedScenes


@dataclass(frozen=True)
class WorldData:
    """Scenes of the part for training, in the form that `train` asks for."""

    scenes: CaptionedScenes
    side: int
    rows: int

    def captioned(self, rows: Sequence[int]) -> tuple[list[str], NDArray[np.uint8]]:
        """Captions and pictures (n, side, side, 3)."""
        return self.scenes.batch(rows)

    def marked(self, rows: Sequence[int]) -> NDArray[np.bool_]:
        """Where the things are, (n, side, side)."""
        from .render import mark_things

        return mark_things([self.scenes[row].scene for row in rows])

    def edited(self, rows: Sequence[int]) -> DrawnEdits:
        """Captions and pictures before and after an instruction."""
        from .render import render_all

        found = [self.scenes.edited(row) for row in rows]
        return DrawnEdits(
            captions=[row.before.caption for row in found],
            pictures=render_all([row.before.scene for row in found]),
            instructions=[row.instruction for row in found],
            edited_captions=[row.after.caption for row in found],
            edited_pictures=render_all([row.after.scene for row in found]),
        )

    def texts(self, rows: Sequence[int]) -> list[str]:
        """Of even rows the caption, of odd ones an instruction."""
        return [self.scenes.edited(row).instruction if row % 2 else self.scenes[row].caption for row in rows]


def make_world(options: Mapping[str, Any]) -> DrawnData:
    """The world of `options["seed"]`, any number; worlds differ for 2²⁴ of them."""
    from .dataset import ROWS, SEEDS, CaptionedScenes
    from .scene import SIDE

    return WorldData(CaptionedScenes(seed=int(options.get("seed", 0)) % SEEDS), SIDE, ROWS)


ENGINE = DataEngine(TRAINING, make_world)
