"""What comes from several workers, back in order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ip2p_cli.distributed.in_order import InOrder


@given(st.permutations(range(30)), st.integers(1, 10))
def test_all_that_was_put_is_given_once_and_in_order(numbers: list[int], every: int) -> None:
    order: InOrder[int] = InOrder()
    given_ = []
    for place, number in enumerate(numbers):
        order.put(number, number)
        if place % every == 0:
            given_ += order.take()
    assert given_ + order.take() == list(range(30))


@given(st.permutations(range(30)), st.integers(1, 8))
def test_one_that_is_late_does_not_keep_more_than_so_many_waiting(numbers: list[int], patience: int) -> None:
    order: InOrder[int] = InOrder(patience)
    given_ = []
    for number in numbers:
        order.put(number, number)
        given_ += order.take()
        assert len(order._held) <= patience
    assert sorted(given_ + order.take(everything=True)) == list(range(30))


def test_nothing_waits_for_what_is_passed_over() -> None:
    order: InOrder[str] = InOrder()
    order.put(1, "b")
    order.put(4, "e")
    for number in (0, 3):
        order.pass_over(number)
    assert order.take() == ["b"]
    order.put(2, "c")
    assert order.take() == ["c", "e"]
    order.put(0, "a")
    order.pass_over(0)
    assert order.take() == ["a"]
    order.put(5, "f")
    assert order.take() == ["f"]


def test_a_late_one_is_given_when_it_comes() -> None:
    order: InOrder[str] = InOrder(patience=2)
    for number, name in ((1, "b"), (2, "c"), (3, "d")):
        order.put(number, name)
    assert order.take() == ["b", "c", "d"]
    order.put(0, "a")
    assert order.take() == ["a"]
