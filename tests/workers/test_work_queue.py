"""The queue of several workers: nothing is lost, whoever dies, and the end is shared fairly."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from ip2p_cli.workers import WorkQueue


@given(st.integers(0, 40), st.integers(1, 4), st.integers(1, 5), st.randoms(use_true_random=False))
def test_every_item_is_done_whoever_dies(items: int, workers: int, ahead: int, chance: object) -> None:
    queue = WorkQueue(range(items), workers, ahead)
    doubtful: set[int] = set()
    alive, in_hand, done = set(range(workers)), {worker: [] for worker in range(workers)}, []
    while not queue.is_done:
        worker = chance.choice(sorted(alive))  # type: ignore[attr-defined]
        act = chance.random()  # type: ignore[attr-defined]
        if act < 0.5 and (taken := queue.take(worker)) is not None:
            number, item = taken
            assert number == item
            assert number not in doubtful or not in_hand[worker]
            assert not doubtful.intersection(in_hand[worker])
            in_hand[worker].append(number)
        elif act < 0.9 and in_hand[worker]:
            number = in_hand[worker].pop(0)
            queue.done(number)
            done.append(number)
        elif act > 0.98 and len(alive) > 1:
            alive.discard(worker)
            assert [number for number, _ in queue.hopeless(worker)] == [n for n in in_hand[worker] if n in doubtful]
            queue.lost(worker)
            doubtful.update(in_hand[worker])
            in_hand[worker].clear()
        assert queue.in_hand == sum(map(len, in_hand.values()))
    assert sorted(done) == list(range(items))
    assert all(queue.take(worker) is None for worker in alive)


def test_a_few_items_are_shared_though_one_worker_comes_first() -> None:
    queue = WorkQueue(range(10), 2, ahead=36)
    assert [queue.take(0) for _ in range(6)] == [(number, number) for number in range(5)] + [None]
    assert queue.take(1) == (5, 5)


def test_what_a_dead_worker_had_is_done_alone_by_one_that_has_nothing_else() -> None:
    queue = WorkQueue(range(9), 3, ahead=3)
    taken = [queue.take(worker) for worker in (0, 0, 1, 2)]
    assert taken == [(0, 0), (1, 1), (2, 2), (3, 3)]
    queue.done(0)
    queue.lost(0)
    assert queue.take(1) == (4, 4)
    queue.done(3)
    assert [queue.take(2), queue.take(2)] == [(1, 1), None]
    assert queue.hopeless(1) == []
    assert queue.hopeless(2) == [(1, 1)]


def test_the_last_one_gets_all_that_the_others_leave() -> None:
    queue = WorkQueue(range(6), 3, ahead=10)
    for worker in (0, 1, 2):
        assert queue.take(worker) is not None
    queue.lost(0)
    queue.lost(1)
    assert [queue.take(2) for _ in range(4)] == [(3, 3), (4, 4), (5, 5), None]
    for number in (2, 3, 4, 5):
        queue.done(number)
    for number in (0, 1):
        assert [queue.take(2), queue.take(2)] == [(number, number), None]
        queue.done(number)
    assert queue.is_done


def test_none_among_the_items_is_a_pause() -> None:
    def coming() -> Iterator[str | None]:
        yield "a"
        yield None
        yield "b"

    queue = WorkQueue(coming(), 1, ahead=4)
    assert queue.take(0) == (0, "a")
    assert not queue.is_done
    queue.done(0)
    assert queue.take(0) == (1, "b")
    queue.done(1)
    assert queue.is_done


def test_no_more_is_looked_at_than_is_needed() -> None:
    items = iter(range(100))
    queue = WorkQueue(items, 2, ahead=3)
    queue.take(0)
    assert next(items) == 6
