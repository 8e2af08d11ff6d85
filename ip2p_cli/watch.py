"""A folder as it fills: each photo is given once it has settled, and again when it has changed."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ip2p_cli.errors import UsageError
from ip2p_cli.types import Source

SETTLE = 1.0  # seconds for which size and time of change must have stayed: what copies files pauses for less
INTERVAL = 0.5  # seconds between looks, at least; a look never takes more than a fifth of the time
Signature = tuple[int, int, int]


@dataclass(frozen=True)
class _Seen:
    signature: Signature
    since: float
    given: bool = False


class Watch:
    """Photos as they come, without end. None: there is nothing new just now.

    `scan` gives all that is there; it is asked again for every look.
    """

    def __init__(self, scan: Callable[[], Iterable[Source]], clock: Callable[[], float] = time.monotonic) -> None:
        self._scan = scan
        self._clock = clock
        self._seen: dict[Path, _Seen] = {}

    def __iter__(self) -> Iterator[Source | None]:
        while True:
            started = self._clock()
            yield from self._look(started)
            ended = self._clock()
            next_look = ended + max(INTERVAL, 4 * (ended - started))
            yield None
            while self._clock() < next_look:
                yield None

    def _look(self, now: float) -> list[Source]:
        """What has settled since the last look."""
        there: dict[Path, _Seen] = {}
        settled = []
        for source in self._all():
            signature = None if source.path is None else _signature(source.path)
            if source.path is None or signature is None:
                continue
            seen = self._seen.get(source.path)
            if seen is None or seen.signature != signature:
                seen = _Seen(signature, now)
            elif not seen.given and now - seen.since >= SETTLE:
                seen = replace(seen, given=True)
                settled.append(source)
            there[source.path] = seen
        self._seen = there
        return settled

    def _all(self) -> Iterator[Source]:
        try:
            yield from self._scan()
        except UsageError:  # the folder is gone for now; it was there when the run began
            return


def _signature(path: Path) -> Signature | None:
    """What changes whenever a file does; None for what is no file, or is gone already."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return (status.st_size, status.st_mtime_ns, status.st_ino) if stat.S_ISREG(status.st_mode) else None
