"""The search: a line of ever stronger settings, and few tries until a band is found."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ip2p_guidance.search import FARTHEST, Line, next_position

scales = st.floats(0.5, 12)


@settings(deadline=None)
@given(scales, st.floats(0.5, 3), st.floats(-2, 2), st.floats(-2, 2))
def test_farther_along_the_line_nothing_holds_back_more(text: float, image: float, one: float, other: float) -> None:
    line = Line(text, image)
    assert line.at(0) == (text, image)
    (text_1, image_1), (text_2, image_2) = (line.at(position) for position in sorted((one, other)))
    assert text_1 <= text_2 + 1e-9 and image_1 >= image_2 - 1e-9
    assert all(math.isfinite(scale) and scale >= 0 for scale in (text_1, image_1, text_2, image_2))


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


def test_few_tries_are_enough_on_noisy_curves() -> None:
    chance = random.Random(0)
    found = []
    for _ in range(400):
        middle, steep, low = chance.uniform(-1, 1), chance.uniform(0.5, 2), chance.uniform(0.15, 0.5)
        noise = [chance.gauss(0, 0.02) for _ in range(8)]
        taken = iter(noise)

        def curve(position: float, middle: float = middle, steep: float = steep, taken: object = taken) -> float:
            return 1 / (1 + math.exp(-steep * (position - middle))) + next(taken)  # type: ignore[call-overload]

        found.append(tries_until_found(low, low + 0.25, curve, 4))
    assert sum(tries is not None for tries in found) >= 380
    assert sorted(tries or 9 for tries in found)[200] <= 2


@pytest.mark.parametrize(("distance", "end"), [(0.01, FARTHEST), (0.99, -FARTHEST)])
def test_at_the_end_of_the_line_the_search_gives_up(distance: float, end: float) -> None:
    tried = [(0.0, distance)]
    for _ in range(10):
        position = next_position(tried, 0.3, 0.5)
        if position is None:
            break
        tried.append((position, distance))
    assert tried[-1][0] == end and position is None
