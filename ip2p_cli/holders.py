"""Which runs are alive: each holds a lock on one byte of a file, and the system drops it however the run ends.

Unlike a process id this cannot be mistaken for another process, and it is seen from other machines where the folder is
on a network file system (which passes such locks on to its server, as it does those of SQLite).
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


class Holders:
    """The lock file of one output folder. To be opened once in a process: closing it drops all that it holds."""

    def __init__(self, file: Path) -> None:
        self._handle = os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)

    def hold(self, number: int) -> None:
        """Be alive as `number` until this process ends or closes."""
        if not self._lock(number):
            raise BlockingIOError(f"run {number} is held already")

    def is_held(self, number: int) -> bool:
        """Whether another process is alive as `number`. Two must not ask at the same time."""
        if not self._lock(number):
            return True
        self._unlock(number)
        return False

    def close(self) -> None:
        """Be dead."""
        os.close(self._handle)

    if os.name == "posix":

        def _lock(self, number: int) -> bool:
            import fcntl

            with contextlib.suppress(BlockingIOError, PermissionError):
                fcntl.lockf(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
                return True
            return False

        def _unlock(self, number: int) -> None:
            import fcntl

            fcntl.lockf(self._handle, fcntl.LOCK_UN, 1, number)

    else:

        def _lock(self, number: int) -> bool:
            import msvcrt

            os.lseek(self._handle, number, os.SEEK_SET)
            with contextlib.suppress(OSError):
                msvcrt.locking(self._handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
                return True
            return False

        def _unlock(self, number: int) -> None:
            import msvcrt

            os.lseek(self._handle, number, os.SEEK_SET)
            msvcrt.locking(self._handle, msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined]
