"""A pair engine for workers of tests: it is found by name in their processes, and needs no torch."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image

from ip2p_gen_data.p2p.stage import Engine, Work


@dataclass(frozen=True)
class SeedPictures:
    """Pictures made of the sample's seed. The worker that comes to `fatal` first is killed there, if it is a worker."""

    folder: Path
    fatal: tuple[int, int] = (-1, -1)  # row, sample

    def __call__(self, device: str | None) -> Engine:
        return self.draw

    def draw(self, work: Sequence[Work]) -> Any:
        """One pair of pictures for each."""
        if self.fatal in [(sample.row, sample.sample) for _, sample in work] and not (self.folder / "killed").exists():
            (self.folder / "killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return [SimpleNamespace(original=_noise(sample.seed), edited=_noise(sample.seed + 1)) for _, sample in work]


def _noise(seed: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (16, 16, 3), np.uint8))
