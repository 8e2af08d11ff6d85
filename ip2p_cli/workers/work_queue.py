"""One queue for several workers: each takes what it can do, and what a dead one had goes to the others."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class WorkQueue(Generic[T]):
    """Items, numbered in their order from 0, taken from an iterable as they are needed. Safe to use from threads.

    A None among the items says that there is nothing to do just now. An item over which a worker was lost is given to
    another that has nothing else: if that is lost, too, it is known over what.
    """

    def __init__(self, items: Iterable[T | None], workers: int, ahead: int) -> None:
        """Up to `ahead` items a worker are looked at before they are needed: near its end the rest is shared fairly."""
        self._items = iter(items)
        self._ahead = ahead
        self._waiting: deque[tuple[int, T]] = deque()
        self._in_hand: dict[int, dict[int, T]] = {worker: {} for worker in range(workers)}
        self._doubtful: set[int] = set()  # of what a worker was lost over
        self._next = 0
        self._exhausted = False
        self._lock = threading.RLock()

    def take(self, worker: int) -> tuple[int, T] | None:
        """An item to do, with its number; None: there is none for this worker now."""
        with self._lock:
            self._refill()
            own = self._in_hand[worker]
            total = len(self._waiting) + sum(map(len, self._in_hand.values()))
            if len(own) >= -(-total // len(self._in_hand)) or self._doubtful.intersection(own):
                return None
            fit = (at for at, (number, _) in enumerate(self._waiting) if not own or number not in self._doubtful)
            place = next(fit, None)
            if place is None:
                return None
            number, item = self._waiting[place]
            del self._waiting[place]
            own[number] = item
            return number, item

    def done(self, number: int) -> None:
        """It is done, by whomever."""
        with self._lock:
            for held in self._in_hand.values():
                held.pop(number, None)

    def hopeless(self, worker: int) -> list[tuple[int, T]]:
        """What a worker that is dead had in hand and another was lost over before, with its number."""
        with self._lock:
            return [(number, item) for number, item in self._in_hand[worker].items() if number in self._doubtful]

    def lost(self, worker: int) -> None:
        """A worker is no more: others get what it has not done, each by itself, as soon as one has nothing else."""
        with self._lock:
            had = self._in_hand.pop(worker)
            self._doubtful.update(had)
            back = [*had.items(), *self._waiting]
            self._waiting = deque(sorted(back, key=lambda numbered: numbered[0]))

    @property
    def in_hand(self) -> int:
        """How many items workers have."""
        with self._lock:
            return sum(map(len, self._in_hand.values()))

    @property
    def is_done(self) -> bool:
        """Whether there is nothing left, and nobody has anything in hand."""
        with self._lock:
            self._refill()
            return self._exhausted and not self._waiting and not self.in_hand

    def _refill(self) -> None:
        while not self._exhausted and len(self._waiting) < self._ahead * len(self._in_hand):
            try:
                item = next(self._items)
            except StopIteration:
                self._exhausted = True
                return
            if item is None:
                return
            self._waiting.append((self._next, item))
            self._next += 1
