"""Puts files in place whole or not at all, and only inside the output folder."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

from ip2p_cli.errors import EnvironmentStop, ItemError

_WAY_OUT = {
    errno.ENOSPC: "make room",
    errno.EDQUOT: "make room, or have the quota raised",
    errno.EROFS: "make it writable",
    errno.EIO: "check the disk or the network folder",
    errno.ESTALE: "mount the network folder again",
    errno.ENODEV: "connect the disk again",
}
# Never through a link somebody has put there, never over a file that another process is writing.
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def temporary_name(name: str, attempt: str = "") -> str:
    """What a file is called while it is written: always the same, so that a later run finds what a dead one left.

    Where a second writer may begin while nobody can be sure that the first is dead, each has an `attempt` of its own.
    """
    return f".ip2p-{blake2b(os.fsencode(name), digest_size=8).hexdigest()}{attempt and f'-{attempt}'}.tmp"


class AtomicWriter:
    """Writes a temporary file beside the target, fsyncs it, renames it, fsyncs the folder.

    With `root`, no file is written outside that folder, whatever links lie in it. `option` is the one that names it.
    Two writers must not write one path at the same time, but for different attempts; the journal's claims see to that.
    """

    def __init__(self, root: Path | None = None, option: str = "-o", attempt: str = "") -> None:
        self._root = root
        self._option = option
        self._attempt = attempt
        self._temporary: set[Path] = set()
        self._lock = threading.Lock()

    def write(self, path: Path, data: bytes) -> None:
        """Write `data` under `path`, replacing what is there.

        Raises:
            EnvironmentStop: the disk is full, read-only or failing.
            ItemError: this one file cannot be written.
        """
        with self.staged(path, data) as temporary:
            put_in_place(temporary, path, self._option)

    @contextlib.contextmanager
    def staged(self, path: Path, data: bytes) -> Iterator[Path]:
        """A context in which `data` is whole on disk, under a temporary name beside `path`.

        Raises:
            EnvironmentStop, ItemError: as `write`.
        """
        try:
            folder = self._folder(path)
        except OSError as problem:
            raise as_write_error(problem, path, self._option) from problem
        temporary = folder / temporary_name(path.name, self._attempt)
        with self._lock:
            self._temporary.add(temporary)
        try:
            try:
                _write_new(temporary, data)
            except OSError as problem:
                raise as_write_error(problem, path, self._option) from problem
            yield temporary
        finally:
            self._discard(temporary)

    def _folder(self, path: Path) -> Path:
        """The real folder of a path, made where it is missing."""
        folder = Path(os.path.realpath(path.parent))
        if self._root is not None and not folder.is_relative_to(os.path.realpath(self._root)):
            raise ItemError(
                f"cannot write {path}: a link on the way leads outside {self._root}, to {folder}; "
                f"remove the link, or choose another {self._option}"
            )
        _make_folder(folder)
        return folder

    def _discard(self, temporary: Path) -> None:
        with self._lock:
            self._temporary.discard(temporary)
        with contextlib.suppress(OSError):  # it is in place, or the disk has gone: a later run removes it
            temporary.unlink()

    def discard_all(self) -> None:
        """Remove the temporary files of writes that are under way: the process is about to end."""
        for temporary in list(self._temporary):
            with contextlib.suppress(OSError):  # no lock: this runs in a signal handler
                temporary.unlink()


def put_in_place(temporary: Path, path: Path, option: str = "-o") -> None:
    """Give a staged file its name, for good; `option` as for `as_write_error`.

    Raises:
        EnvironmentStop, ItemError: as `AtomicWriter.write`.
    """
    try:
        os.replace(temporary, temporary.with_name(path.name))
        _sync_folder(temporary.parent)
    except OSError as problem:
        raise as_write_error(problem, path, option) from problem


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    with contextlib.suppress(FileExistsError):  # made by another thread or run meanwhile
        folder.mkdir()
    _sync_folder(folder.parent)


def _write_new(path: Path, data: bytes) -> None:
    try:
        handle = os.open(path, _NEW_FILE, 0o666)
    except FileExistsError:  # left by a run that was killed
        path.unlink()
        handle = os.open(path, _NEW_FILE, 0o666)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def as_write_error(problem: OSError, path: Path, option: str = "-o") -> EnvironmentStop | ItemError:
    """What a failed write means: a disk that is full, read-only or failing stops it; else the item fails.

    `option` names the place that another may be chosen for.
    """
    if problem.errno in _WAY_OUT:
        way_out = _WAY_OUT[problem.errno]
        return EnvironmentStop(f"cannot write {path}: {problem.strerror}; {way_out}, then run the same command again")
    return ItemError(f"cannot write {path}: {problem.strerror or problem}; choose another {option}")


def discard_temporary(path: Path) -> None:
    """Remove what a run that was killed while it wrote `path` left beside it, in whatever attempt."""
    with contextlib.suppress(OSError):
        path.with_name(temporary_name(path.name)).unlink()
    with contextlib.suppress(OSError):
        for temporary in path.parent.glob(temporary_name(path.name, "*")):
            temporary.unlink()
