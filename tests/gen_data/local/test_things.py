"""The things: each draws something, repeatably, in every colour it may have, within its box."""

from __future__ import annotations

import numpy as np
import pytest

from ip2p_gen_data.compose.local.words import words
from ip2p_gen_data.compose.things import THINGS, draw
from ip2p_gen_data.compose.things.colours import COLOURS, darker, lighter, mixed, shade_of
from ip2p_gen_data.compose.things.pen import Pen


@pytest.mark.parametrize("name", THINGS)
def test_a_thing_draws_the_same_again_and_fills_its_box(name: str) -> None:
    thing = THINGS[name]
    for colour in thing.colours:
        first, again = (draw(name, colour, 60, np.random.default_rng(4)) for _ in range(2))
        assert np.array_equal(first, again)
        assert first.shape[0] == 60 and first.shape[2] == 4
        assert np.isfinite(first).all() and first.min() >= 0 and first.max() <= 1
        solid = first[..., 3] > 0.5
        assert 0.06 < solid.mean() < 0.97
        rows, columns = np.nonzero(solid)
        assert np.ptp(rows) > 0.5 * 60 and np.ptp(columns) > 0.5 * first.shape[1]


@pytest.mark.parametrize("name", [name for name, thing in THINGS.items() if thing.coloured])
def test_another_colour_is_the_same_shape_and_plainly_different(name: str) -> None:
    one, other, *_ = (draw(name, colour, 80, np.random.default_rng(7)) for colour in THINGS[name].colours)
    assert np.abs(one[..., 3] - other[..., 3]).max() < 0.02
    solid = one[..., 3] > 0.9
    assert np.abs(one - other)[solid][:, :3].max(-1).mean() > 0.08


@pytest.mark.parametrize("name", THINGS)
def test_no_two_drawings_of_a_thing_are_one(name: str) -> None:
    colour = THINGS[name].colours[0]
    one, other = (draw(name, colour, 60, np.random.default_rng(seed)) for seed in (1, 2))
    assert not np.array_equal(one, other)


def test_every_thing_has_words_and_colours_that_are_named() -> None:
    assert set(words()["things"]) == set(THINGS)
    for name, thing in THINGS.items():
        table = words()["things"][name]
        assert set(thing.colours) <= set(COLOURS)
        assert table.get("one") or table.get("mass")
        assert table["add"] and table["remove"]
        assert not thing.many or table.get("many"), name


def test_shades_stay_colours() -> None:
    rng = np.random.default_rng(0)
    for name in COLOURS:
        shade = shade_of(name, rng)
        assert all(0 <= c <= 1 for c in (*shade, *darker(shade, 0.5), *lighter(shade, 0.5), *mixed(shade, shade, 0.3)))


def test_a_pen_turns_and_mirrors_about_its_middle() -> None:
    def drawn(**how: float) -> np.ndarray:
        pen = Pen(40, 40, **how)  # type: ignore[arg-type]
        pen.rectangle(0.1, 0.4, 0.4, 0.6, (1, 0, 0))
        return pen.finish(shaded=False)[..., 3]

    plain = drawn()
    assert np.abs(plain[:, ::-1] - drawn(flip=True)).mean() < 0.02
    assert np.abs(np.rot90(plain, -1) - drawn(tilt=90.0)).mean() < 0.02
