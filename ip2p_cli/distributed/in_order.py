"""Puts what comes from several workers back in order, without waiting for ever for one that is late."""

from __future__ import annotations

import heapq
from typing import Generic, TypeVar

T = TypeVar("T")
PATIENCE = 1024  # things that are held back for one that is missing


class InOrder(Generic[T]):
    """Takes things numbered from 0 as they come, and gives them in order, but for those that keep too many waiting."""

    def __init__(self, patience: int = PATIENCE) -> None:
        self._patience = patience
        self._held: list[tuple[int, T]] = []  # a heap
        self._next = 0
        self._passed: set[int] = set()  # numbers from `_next` on

    def put(self, number: int, thing: T) -> None:
        """One more; each number comes once."""
        heapq.heappush(self._held, (number, thing))

    def pass_over(self, number: int) -> None:
        """Let nothing wait for it; it is given when it comes."""
        if number >= self._next:
            self._passed.add(number)

    def take(self, *, everything: bool = False) -> list[T]:
        """What is to be given now; with `everything`, all there is."""
        given = []
        while self._held and (everything or self._is_due() or len(self._held) > self._patience):
            number, thing = heapq.heappop(self._held)
            self._next = max(self._next, number + 1)
            given.append(thing)
        return given

    def _is_due(self) -> bool:
        while self._next in self._passed:
            self._passed.remove(self._next)
            self._next += 1
        return self._held[0][0] <= self._next
