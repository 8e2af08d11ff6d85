"""One progress bar for loops of known length, on stderr."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def progress_bar(items: Iterable[T], *, total: int, label: str) -> Iterator[T]:
    """Yield the items while a bar with an ETA is drawn on stderr, if that is a terminal."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    yield from track(items, description=label, total=total, console=console, disable=not console.is_terminal)
