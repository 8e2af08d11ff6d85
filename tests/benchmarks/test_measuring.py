"""Medians of ratios of paired runs."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.measuring import Spread, clock_of, paired, ratios, timed

SECONDS = st.floats(1e-3, 1e3)


@given(st.lists(SECONDS, min_size=1, max_size=30))
def test_a_spread_is_the_median_with_its_quartiles(values: list[float]) -> None:
    spread = Spread.over(values)
    found = (spread.low, spread.median, spread.high)
    np.testing.assert_allclose(found, np.quantile(values, [0.25, 0.5, 0.75]), rtol=1e-9)
    assert spread.of == len(values)


def test_nothing_has_no_median() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Spread.over([])


@given(st.lists(st.tuples(SECONDS, SECONDS), min_size=1, max_size=20), st.data())
def test_a_round_in_which_the_machine_is_slow_leaves_its_ratio_alone(
    rounds: list[tuple[float, float]], data: st.DataObject
) -> None:
    slow = [data.draw(st.floats(0.1, 10)) for _ in rounds]
    before = ratios([one for one, _ in rounds], [other for _, other in rounds])
    factors = list(zip(slow, rounds, strict=True))
    after = ratios([by * one for by, (one, _) in factors], [by * other for by, (_, other) in factors])
    np.testing.assert_allclose(after, before, rtol=1e-9)


def test_rounds_that_are_not_paired_have_no_ratios() -> None:
    with pytest.raises(ValueError, match="zip"):
        ratios([1.0, 2.0], [1.0])


@given(st.integers(0, 12), st.integers(1, 4), st.integers(0, 99))
def test_every_side_runs_once_a_round(rounds: int, count: int, seed: int) -> None:
    run: list[str] = []

    def side(name: str) -> Callable[[], int]:
        def work() -> int:
            run.append(name)
            return len(run)

        return work

    names = [f"side {number}" for number in range(count)]
    found = paired({name: side(name) for name in names}, rounds, random.Random(seed))
    assert [len(found[name]) for name in names] == [rounds] * count
    for start in range(0, len(run), count):
        assert sorted(run[start : start + count]) == names
    assert all(run[place - 1] == name for name, places in found.items() for place in places)


def test_neither_side_is_always_the_first() -> None:
    first: list[str] = []
    sides = {"one": lambda: first.append("one"), "other": lambda: first.append("other")}
    paired(sides, 20, random.Random(0))
    assert set(first[::2]) == {"one", "other"}


def test_work_is_timed_by_the_clock_that_is_given() -> None:
    now = [0.0]

    def work() -> None:
        now[0] += 2.5

    assert timed(work, lambda: now[0])() == 2.5


def test_the_processor_clock_counts_ended_children() -> None:
    clock = clock_of("processor", "cpu")
    started = clock()
    subprocess.run([sys.executable, "-c", "sum(range(3_000_000))"], check=True)
    with_child = clock() - started
    assert with_child > 0.01  # starting Python alone takes more


def test_the_peak_is_the_most_that_was_held_not_what_is_held() -> None:
    code = (
        "from benchmarks.measuring import peak_bytes; before = peak_bytes()\n"
        "held = bytearray(b'x') * (64 << 20); del held; print(peak_bytes() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 48 << 20 < int(done.stdout) < 200 << 20
