"""Training data without end: (caption, picture) by index, for text-to-image, CLIP and autoencoder; edits, too."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .captions import caption, held_out, parse
from .edits import Edit, on_form, on_scene, propose
from .instructions import instruct
from .render import render_all
from .scene import Scene, sample

_FIRST = 2**41  # scenes below are for tests and for the oracle's calibration
ROWS = 2**38  # of a seed
SEEDS = 2**24


@dataclass(frozen=True)
class Captioned:
    """A caption and the scene that it is of."""

    caption: str
    scene: Scene


@dataclass(frozen=True)
class EditedScene:
    """A captioned scene before and after an instruction: the truth that a pair engine is measured against."""

    before: Captioned
    edit: Edit
    instruction: str
    after: Captioned


@dataclass(frozen=True)
class CaptionedScenes:
    """Row `index` (0 .. 2³⁸ - 1) of the data of a seed (0 .. 2²⁴ - 1): always the same, whatever is read beside it.

    `naming` is the probability with which a caption names an attribute. Rows of training never have a caption of the
    held-out part, nor the other way round.
    """

    seed: int = 0
    naming: float = 0.85
    for_training: bool = True

    def __getitem__(self, index: int) -> Captioned:
        if not 0 <= index < ROWS or not 0 <= self.seed < SEEDS:
            raise IndexError(f"row {index} of seed {self.seed}; rows go to 2**38 - 1, seeds to 2**24 - 1")
        scene = sample(_FIRST + self.seed * ROWS + index)
        rng = random.Random(f"caption of {scene.seed}")
        while held_out(text := caption(scene, rng, self.naming)) == self.for_training:
            scene = sample(2**62 + rng.getrandbits(61))  # of the other part: another scene takes its place
        return Captioned(text, scene)

    def batch(self, indices: Sequence[int]) -> tuple[list[str], NDArray[np.uint8]]:
        """Captions and pictures (n, SIDE, SIDE, 3) of those rows."""
        found = [self[index] for index in indices]
        return [row.caption for row in found], render_all([row.scene for row in found])

    def edited(self, index: int, held_out_wording: bool = False) -> EditedScene:
        """Row `index` with an edit that changes its picture."""
        before = self[index]
        rng = random.Random(f"edit of {before.scene.seed}")
        form = parse(before.caption)
        edit = propose(form, rng, before.scene)
        after = Captioned(str(on_form(edit, form)), on_scene(edit, before.scene))
        return EditedScene(before, edit, instruct(edit, form, rng, held_out_wording), after)
