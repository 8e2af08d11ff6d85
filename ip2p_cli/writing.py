"""Output folders and what a disk says against writing to them, as errors that a user can act on."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ip2p_cli.atomic import as_write_error
from ip2p_cli.errors import EnvironmentStop, UsageError

_IN_WORDS = re.compile(r"\bos error (\d+)\b")  # how libraries written in Rust pass on what the system said


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What fails inside is the writing of `path`.

    Raises:
        EnvironmentStop: the disk is full, read-only or failing.
        UsageError: the path cannot be written: something else is there, or permission is missing.
    """
    try:
        yield
    except Exception as problem:
        cause = _cause(problem)
        if cause is None:
            raise
        error = as_write_error(cause, path)
        raise error if isinstance(error, EnvironmentStop) else UsageError(str(error)) from problem


def make_output_folder(folder: Path) -> None:
    """Make a folder, and see that files can be made in it, before there is anything to lose.

    Raises:
        EnvironmentStop: the disk is full, read-only or failing.
        UsageError: a file is in the way, or permission is missing.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass


def _cause(problem: BaseException | None) -> OSError | None:
    """The system's own error behind a library's: torch raises another one on the way out, others only quote it."""
    while problem is not None:
        quoted = _IN_WORDS.search(str(problem))
        number = problem.errno if isinstance(problem, OSError) else int(quoted[1]) if quoted else None
        if number is not None:
            return OSError(number, os.strerror(number))
        problem = problem.__cause__ or problem.__context__
    return None
