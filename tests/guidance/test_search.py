"""The search: a line of ever stronger settings, and few tries until a band is found."""

from __future__ import annotations

import itertools
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ip2p_cli.change_band import DEFAULT_TRIES
from ip2p_guidance.search import FARTHEST, NEAR, Line, next_position

scales = st.floats(0.5, 12)


@settings(deadline=None)
@given(scales, st.floats(0.5, 3), st.floats(-2, 2), st.floats(-2, 2))
def test_farther_along_the_line_nothing_holds_back_more(text: float, image: float, one: float, other: float) -> None:
    line = Line(text, image)
    assert line.at(0) == (text, image)
    (text_1, image_1), (text_2, image_2) = (line.at(position) for position in sorted((one, other)))
    assert text_1 <= text_2 + 1e-9 and image_1 >= image_2 - 1e-9
    assert all(math.isfinite(scale) and scale >= 0 for scale in (text_1, image_1, text_2, image_2))


@settings(deadline=None)
@given(scales, st.floats(0.5, 3), st.floats(-2, 2))
def test_a_position_is_solved_for_from_its_scales(text: float, image: float, position: float) -> None:
    line = Line(text, image)
    # of s_I just above 1, next to no room is left to tell positions by
    slack = 1e-3 if 1 < image < 1.001 else 1e-5
    assert line.position_of(*line.at(position)) == pytest.approx(position, abs=slack)


@pytest.mark.parametrize("text", [0.0, 0.1, 0.2, 1.0, 7.5, 30.0])
def test_the_words_always_have_a_say(text: float) -> None:
    line = Line(text, 1.5)
    low, high = line.ends
    assert low == (-FARTHEST if text > 0.1 else 0.0)
    for step in range(1, 41):
        position = low + step / 40 * (high - low)
        assert position == 0 or line.at(position)[0] >= max(0.1, text / 20) - NEAR
    assert line.at(low)[0] == pytest.approx(line.floor if text > 0.1 else text)
    assert line.at(high)[0] == pytest.approx(max(15.0, 2.5 * text))
    assert line.position_of(*line.at(high)) == pytest.approx(high)


def test_the_photo_is_never_held_on_to_so_hard_that_colours_shout() -> None:
    assert max(Line(2.0, 1.0).at(step / 10)[1] for step in range(-20, 21)) <= 1.25


def test_where_s_i_cannot_fall_no_stretch_of_the_line_is_dead() -> None:
    scales = [Line(7.5, 1.0).at(position)[0] for position in (0, 0.25, 0.5, 1.0, 1.5, 2.0)]
    assert all(later > 1.1 * earlier for earlier, later in itertools.pairwise(scales))


def test_scales_beside_the_line_have_a_position_on_it() -> None:
    line = Line(7.5, 1.5)
    for text, image in [(0.0, 1.5), (100.0, 0.0), (7.5, 9.0), (0.01, 1.0), (3.0, 4.0)]:
        assert -FARTHEST <= line.position_of(text, image) <= FARTHEST


def test_a_line_that_only_goes_forward_gives_up_backward() -> None:
    assert next_position([(0.0, 0.9)], 0.3, 0.5, Line(0.1, 1.5).ends) is None
    assert next_position([(0.0, 0.1)], 0.3, 0.5, Line(0.1, 1.5).ends) is not None


def test_a_curve_that_falls_is_halved_and_not_tried_twice_at_one_place() -> None:
    tried = [(0.0, 0.9), (1.0, 0.1)]
    for expected in (0.5, 0.25, 0.125):
        position = next_position(tried, 0.3, 0.5)
        assert position == expected
        tried.append((position, 0.1))


def test_a_steep_bracket_is_halved() -> None:
    tried = [(-1.0, 0.05), (0.0, 0.95), (-0.5, 0.94)]
    assert next_position(tried, 0.1, 0.3) == -0.75


def tries_until_found(low: float, high: float, distance_at: object, most: int) -> int | None:
    tried: list[tuple[float, float]] = []
    position: float | None = 0.0
    while position is not None and len(tried) < most:
        distance = distance_at(position)  # type: ignore[operator]
        tried.append((position, distance))
        if low <= distance <= high:
            return len(tried)
        position = next_position(tried, low, high)
    return None


@settings(deadline=None, max_examples=300)
@given(st.floats(0.05, 0.6), st.floats(0.1, 0.3), st.floats(-1.5, 1.5), st.floats(0.5, 4))
def test_a_band_that_the_line_crosses_is_found(low: float, width: float, middle: float, steep: float) -> None:
    def curve(position: float) -> float:
        return 1 / (1 + math.exp(-steep * (position - middle)))

    high = low + width
    reachable = curve(-FARTHEST) <= high and curve(FARTHEST) >= low
    found = tries_until_found(low, high, curve, 16)
    assert (found is not None) == reachable


@pytest.mark.parametrize(("steepest", "usual"), [(2, 2), (8, 3)])
def test_few_tries_are_enough_on_noisy_curves(steepest: float, usual: int) -> None:
    chance = random.Random(0)
    found = []
    for _ in range(400):
        middle, steep, low = chance.uniform(-1, 1), chance.uniform(0.5, steepest), chance.uniform(0.15, 0.5)
        noise = [chance.gauss(0, 0.02) for _ in range(8)]
        taken = iter(noise)

        def curve(position: float, middle: float = middle, steep: float = steep, taken: object = taken) -> float:
            return 1 / (1 + math.exp(-steep * (position - middle))) + next(taken)  # type: ignore[call-overload]

        found.append(tries_until_found(low, low + 0.25, curve, DEFAULT_TRIES))
    assert sum(tries is not None for tries in found) >= 390
    assert sorted(tries or 9 for tries in found)[200] <= usual


@pytest.mark.parametrize(("distance", "end"), [(0.01, FARTHEST), (0.99, -FARTHEST)])
def test_at_the_end_of_the_line_the_search_gives_up(distance: float, end: float) -> None:
    tried = [(0.0, distance)]
    for _ in range(10):
        position = next_position(tried, 0.3, 0.5)
        if position is None:
            break
        tried.append((position, distance))
    assert tried[-1][0] == end and position is None
