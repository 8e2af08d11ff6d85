"""What a device needs so that networks compute the same every time, and in two threads at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager

import torch


class _SharedContext:
    """A context of the whole process that several threads may be in: the first enters it, the last leaves it."""

    def __init__(self, make: Callable[[], AbstractContextManager[object]]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._inside = 0
        self._entered = ExitStack()

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            if self._inside == 0:
                self._entered.enter_context(self._make())
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if self._inside == 0:
                    self._entered.close()


def _without_tf32() -> AbstractContextManager[object]:
    """Convolutions on CUDA round to TF32 unless told not to: pixels would differ by device."""
    flags: AbstractContextManager[object] = torch.backends.cudnn.flags(
        enabled=True, benchmark=False, deterministic=True, allow_tf32=False
    )
    return flags


_METAL = threading.RLock()  # Metal takes commands of one thread at a time

EXACTLY: Mapping[str, Callable[[], AbstractContextManager[object]]] = {
    "cuda": _SharedContext(_without_tf32),
    "mps": lambda: _METAL,
}
