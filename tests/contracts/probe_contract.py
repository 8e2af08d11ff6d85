"""What every probe must do, whichever plugin it comes from. `check_probe` runs it all."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from PIL import Image

from ip2p_cli.hookspecs import Probe

SKIN = ((224, 188, 164), (194, 150, 130), (141, 100, 78), (115, 82, 68), (72, 48, 38))
ROUNDING = 1e-6


def pictures() -> Iterator[tuple[str, Image.Image]]:
    """Upright RGB pictures of many kinds: plain, busy, skin-coloured, tiny, long."""
    rng = np.random.default_rng(0)
    for colour in ((0, 0, 0), (255, 255, 255), (128, 128, 128), (40, 90, 200), *SKIN):
        yield f"plain {colour}", Image.new("RGB", (48, 40), colour)
    yield "noise", Image.fromarray(rng.integers(0, 256, (64, 48, 3), np.uint8))
    halves = Image.new("RGB", (60, 60), SKIN[0])
    halves.paste(SKIN[4], (30, 0, 60, 60))
    yield "halves", halves
    yield "one pixel", Image.new("RGB", (1, 1), SKIN[2])
    yield "long", Image.linear_gradient("L").resize((700, 9)).convert("RGB")


def check_probe(probe: Probe) -> None:
    """Every part of the contract."""
    for check in CHECKS:
        check(probe)


def check_probabilities(probe: Probe) -> None:
    """None, or at least one attribute; each in [0, 1], the sum at most 1: the rest is unknown, which has no key."""
    for name, picture in pictures():
        found = probe(picture)
        if found is None:
            continue
        assert isinstance(found, Mapping) and found, name
        assert "unknown" not in found, name
        assert all(isinstance(key, str) and key for key in found), name
        assert all(math.isfinite(value) and -ROUNDING <= value <= 1 + ROUNDING for value in found.values()), name
        assert sum(found.values()) <= 1 + ROUNDING, name


def check_keys(probe: Probe) -> None:
    """The same attributes in the same order for every picture."""
    keys = {tuple(found) for _, picture in pictures() if (found := probe(picture)) is not None}
    assert len(keys) <= 1, keys


def check_picture_unchanged(probe: Probe) -> None:
    """The picture belongs to others, too."""
    for name, picture in pictures():
        before = (picture.mode, picture.size, picture.tobytes(), dict(picture.info))
        probe(picture)
        assert (picture.mode, picture.size, picture.tobytes(), dict(picture.info)) == before, name


def check_deterministic(probe: Probe) -> None:
    """A picture's answer depends on nothing else: not on chance, not on what was asked before."""
    first = [(name, probe(picture)) for name, picture in pictures()]
    again = [(name, probe(picture)) for name, picture in reversed(list(pictures()))]
    assert first == again[::-1]


CHECKS: tuple[Callable[[Probe], None], ...] = (
    check_probabilities,
    check_keys,
    check_picture_unchanged,
    check_deterministic,
)
