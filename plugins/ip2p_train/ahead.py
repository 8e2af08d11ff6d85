"""Work done in threads a little before it is wanted: files are decoded and batches drawn while a device computes."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

DECODERS = min(8, os.cpu_count() or 1)  # threads that decode a dataset's pictures
Item = TypeVar("Item")
Result = TypeVar("Result")


def map_ahead(function: Callable[[Item], Result], items: Iterable[Item], threads: int, depth: int) -> Iterator[Result]:
    """As `map`, in order, but up to `depth` results beyond the one in use are being made in `threads` (0: it is map).

    What `function` raises is raised in its item's turn.
    """
    if threads == 0:
        yield from map(function, items)
        return
    begun: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads, "ahead") as pool:
        try:
            for item in items:
                begun.append(pool.submit(function, item))
                if len(begun) > depth:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            for result in begun:
                result.cancel()
