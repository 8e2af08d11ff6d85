"""Work done ahead: the same results in the same order, and never more of it than was asked for."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ip2p_train.ahead import map_ahead


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers()), st.integers(0, 4), st.integers(0, 6))
def test_it_is_map(numbers: list[int], threads: int, depth: int) -> None:
    assert list(map_ahead(lambda number: 3 * number, numbers, threads, depth)) == [3 * number for number in numbers]


def test_order_stays_where_the_first_takes_longest() -> None:
    def slow(number: int) -> int:
        time.sleep(0.05 if number == 0 else 0)
        return number

    assert list(map_ahead(slow, range(8), threads=4, depth=4)) == list(range(8))


@pytest.mark.parametrize("threads", [0, 2])
def test_an_error_is_raised_in_its_turn(threads: int) -> None:
    def odd(number: int) -> int:
        if number == 2:
            raise ValueError("two")
        return number

    results = map_ahead(odd, range(9), threads, depth=4)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="two"):
        next(results)
    assert list(results) == []


def test_no_more_is_begun_than_depth_says() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(20):
            taken.append(number)
            yield number

    results = map_ahead(lambda number: number, items(), threads=2, depth=3)
    for expected in range(5):
        assert next(results) == expected
        assert len(taken) <= expected + 4  # the one in use, and three beyond it


def test_what_was_begun_is_waited_for_when_nobody_wants_more() -> None:
    ended = []

    def work(number: int) -> int:
        time.sleep(0.01)
        ended.append(number)
        return number

    results = map_ahead(work, range(100), threads=1, depth=2)
    next(results)
    results.close()  # type: ignore[attr-defined]
    done = len(ended)
    time.sleep(0.05)
    assert len(ended) == done < 100
