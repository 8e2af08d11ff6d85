"""The oracle reads what was drawn, says when it cannot tell, and never looks at the renderer."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

from ip2p_gen_data.world import oracle
from ip2p_gen_data.world.captions import Named, NamedThing
from ip2p_gen_data.world.degrade import degrade
from ip2p_gen_data.world.render import render
from ip2p_gen_data.world.scene import Scene, sample

FIRST = 50_000  # seeds that neither calibration nor data uses


def accuracy(count: int, how: str) -> float:
    """Share of all attributes (the number of things among them) that are read right."""
    verdicts: list[bool] = []
    for seed in range(FIRST, FIRST + count):
        scene = sample(seed)
        picture = degrade(render(scene), how, np.random.default_rng(seed))
        verdicts += oracle.judge(oracle.read(picture), oracle.named_of(scene)).values()
    return float(np.mean(verdicts))


def places(scene: Scene) -> list[float]:
    """How far (pixels) each thing was read from where it stands."""
    reading = oracle.read(render(scene))
    things = sorted(scene.things, key=lambda thing: thing.x)
    return [abs(read.x - thing.x) for read, thing in zip(reading.things, things, strict=False)]


def test_fresh_renders_are_read() -> None:
    assert accuracy(250, "clean") >= 0.995


@pytest.mark.slow
def test_many_fresh_renders_are_read() -> None:
    assert accuracy(2000, "clean") >= 0.995


@pytest.mark.slow
@pytest.mark.parametrize("how", ["blur", "noise", "jpeg"])
def test_degraded_renders_are_read(how: str) -> None:
    assert accuracy(500, how) >= 0.98


def test_places_are_read() -> None:
    errors = [error for seed in range(100) for error in places(sample(FIRST + seed))]
    assert np.median(errors) < 0.7 and np.quantile(errors, 0.95) < 2


@pytest.mark.parametrize("what", ["noise", "grey", "black", "white", "photo-like"])
def test_it_can_say_that_it_cannot_tell(what: str) -> None:
    rng = np.random.default_rng(0)
    picture = {
        "noise": rng.integers(0, 256, (64, 64, 3)),
        "grey": np.full((64, 64, 3), 128),
        "black": np.zeros((64, 64, 3)),
        "white": np.full((64, 64, 3), 255),
        "photo-like": np.kron(rng.integers(0, 256, (8, 8, 3)), np.ones((8, 8, 1))),
    }[what].astype(np.uint8)
    reading = oracle.read(picture)
    assert reading.time is None or reading.ground is None
    assert reading.things == ()


def test_judging_matches_things_and_counts_what_is_missing() -> None:
    red = oracle.ReadThing("ball", "red", "small", 15, 50)
    blue = oracle.ReadThing("box", "blue", None, 48, 50)
    named = Named("day", None, "grass", (NamedThing("ball", "red", "small"), NamedThing("box", "blue", "large")))
    verdicts = oracle.judge(oracle.Reading("day", "fog", "sand", (blue, red)), named)
    assert [name for name, right in verdicts.items() if not right] == ["ground", "box size"]
    verdicts = oracle.judge(oracle.Reading("day", "fog", "grass", (red,)), named)
    assert [name for name, right in verdicts.items() if not right] == ["count", "box", "box colour", "box size"]
    assert not any(oracle.judge(oracle.Reading(None, None, None, ()), named).values())


def test_the_oracle_knows_no_renderer() -> None:
    folder = Path(oracle.__file__).parent
    for name in ("oracle.py", "vision.py"):
        tree = ast.parse((folder / name).read_text(encoding="utf-8"))
        used = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not used & {"render", "land", "light", "shapes", "nuisance", "calibrate"}


def test_other_pictures_are_refused() -> None:
    with pytest.raises(ValueError, match="64, 64, 3"):
        oracle.read(np.zeros((32, 32, 3), np.uint8))
