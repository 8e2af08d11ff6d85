"""Puts a page or a sheet in place in one step, and only where nothing of somebody else's is lost by it."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from ip2p_cli.atomic import as_write_error
from ip2p_cli.errors import EnvironmentStop, Ip2pError, ItemError, UsageError


def check_place(path: Path, option: str, suffixes: tuple[str, ...], is_ours: Callable[[Path], bool]) -> None:
    """See, before any work is done, that `path` may be written.

    Raises:
        UsageError: another suffix, a folder, or a file that ip2p did not make as what is asked for.
    """
    if path.suffix.lower() not in suffixes:
        raise UsageError(f"{option} {path}: give a name that ends in {' or '.join(suffixes)}")
    if path.is_dir():
        raise UsageError(f"{option} {path} is a folder; give a file name in it")
    check_ours(path, option, is_ours)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise UsageError(f"{option} {path}: cannot make its folder ({problem.strerror}); choose another") from None


def check_ours(path: Path, option: str, is_ours: Callable[[Path], bool]) -> None:
    """See that a file that is there already may be replaced.

    Raises:
        UsageError: it was not made by this option.
    """
    if os.path.lexists(path) and not (path.is_file() and is_ours(path)):
        raise UsageError(f"{option} {path} exists and was not made by {option}; choose another name, or remove it")


@contextlib.contextmanager
def replacing(path: Path, option: str) -> Iterator[BinaryIO]:
    """A file to write what shall be under `path`: there whole when the block ends well, not touched otherwise.

    Raises:
        Ip2pError: it cannot be written.
    """
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=".ip2p-", suffix=".tmp", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, _mode())
        os.replace(temporary, path)
        temporary = None
    except OSError as problem:
        raise write_problem(problem, path, option) from problem
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def write_problem(problem: OSError, path: Path, option: str) -> Ip2pError:
    """What to say of a page or sheet that cannot be written; the photos themselves are in place by then."""
    reason = problem.strerror or problem
    kind = EnvironmentStop if isinstance(as_write_error(problem, path), EnvironmentStop) else ItemError
    return kind(f"cannot write {option} {path}: {reason}; the photos are in place, the same command makes it again")


def _mode() -> int:
    """What a file that is simply opened for writing would get."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
