"""Perfect pairs of the world: `python -m ip2p_gen_data.world.rendered FOLDER COUNT` renders scenes before and after.

What any other way of making pairs can at best come to: the upper bound of the miniature experiment.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from ip2p_cli.api import Pair, encode_image

from ..generate import generate
from .dataset import CaptionedScenes
from .render import render_all

PAIRS_PER_SHARD = 1000
WORKERS = 2


@dataclass(frozen=True)
class RenderedPairs:
    """Pairs of a seed's rows, of training or held out, in their order."""

    seed: int = 0
    for_training: bool = True

    @property
    def settings(self) -> dict[str, Any]:
        """All that the pairs depend on."""
        return {"engine": "rendered", "seed": self.seed, "for_training": self.for_training}

    def shard(self, index: int, count: int) -> Iterator[Pair]:
        """`count` pairs of shard number `index`."""
        data = CaptionedScenes(self.seed, for_training=self.for_training)
        first = index * PAIRS_PER_SHARD
        rows = [data.edited(first + number, held_out_wording=not self.for_training) for number in range(count)]
        before = render_all([row.before.scene for row in rows])
        after = render_all([row.after.scene for row in rows])
        for row, *pictures in zip(rows, before, after, strict=True):
            original, edited = (encode_image(Image.fromarray(picture)) for picture in pictures)
            yield Pair(
                original_image=original,
                edit_prompt=row.instruction,
                edited_image=edited,
                original_prompt=row.before.caption,
                edited_prompt=row.after.caption,
                engine="rendered",
                family=row.edit.verb,
                seed=row.before.scene.seed,
            )


def render_pairs(folder: Path, count: int, seed: int = 0, *, for_training: bool = True, workers: int = WORKERS) -> int:
    """Write a dataset of `count` pairs; the same call goes on where it was stopped. Returns the number of shards."""
    return generate(folder, RenderedPairs(seed, for_training), count, PAIRS_PER_SHARD, workers)


if __name__ == "__main__":
    render_pairs(Path(sys.argv[1]), int(sys.argv[2]))
