"""Folders, files, globs, NUL lists and stdin -> Sources, lazily and in a stable order."""

from __future__ import annotations

import glob
import os
import re
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from ip2p_cli.errors import ItemError, UsageError
from ip2p_cli.formats import SUFFIX_FORMAT
from ip2p_cli.types import Source

STDIN = "-"
_MAGIC = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class Root:
    """One argument: what it stands for, and the folder its photos are mapped from."""

    path: Path
    base: Path
    is_folder: bool = False
    pattern: str | None = None  # a glob that the shell left alone


@dataclass(frozen=True)
class SourceList:
    """What the command line names. Iterating scans; a second pass scans again.

    `is_own_output(path)` says whether a file found in a folder was written by ip2p: such a file is no source. Nor is
    anything under `output_root` when that lies inside a folder that is scanned.
    """

    roots: tuple[Root, ...]
    common: Path
    recurse: bool = False
    stdin_name: str | None = None
    output_root: Path | None = None
    is_own_output: Callable[[Path], bool] = field(default=lambda path: False)

    def __iter__(self) -> Iterator[Source]:
        if self.stdin_name is not None:
            yield Source(None, PurePosixPath(self.stdin_name))
        for root in self.roots:
            for path in self._paths(root):
                yield Source(path, PurePosixPath(os.path.relpath(path, self.common).replace(os.sep, "/")))

    def _paths(self, root: Root) -> Iterator[Path]:
        if root.is_folder:
            yield from self._scan(root.path)
        elif root.pattern is not None:
            yield from self._match(root.pattern)
        else:
            yield root.path

    def _match(self, pattern: str) -> Iterator[Path]:
        matches = [_absolute(Path(name)) for name in sorted(glob.iglob(pattern, recursive=True))]
        if not matches:
            yield Path(pattern)  # fails as an item of its own
        for path in matches:
            if path.is_dir():
                if "**" not in pattern:  # that matches the folders' photos by itself
                    yield from self._scan(path)
            elif _is_photo_name(path) and not self.is_own_output(path):
                yield path

    def _scan(self, folder: Path) -> Iterator[Path]:
        """Photos of a folder by name, then those of its subfolders; hidden files and links to folders are left out."""
        try:
            photos, folders = self._look(folder)
        except OSError:
            yield folder  # reading it fails with the reason, as an item of its own
            return
        for name in photos:
            if not self.is_own_output(folder / name):
                yield folder / name
        for name in folders:
            yield from self._scan(folder / name)

    def _look(self, folder: Path) -> tuple[list[str], list[str]]:
        """Names of the photos and of the subfolders to look into, sorted."""
        photos, folders = [], []
        with os.scandir(folder) as entries:
            for entry in entries:
                if _is_photo_name(Path(entry.name)) and _is_file(entry):
                    photos.append(entry.name)
                elif self._is_to_enter(entry):
                    folders.append(entry.name)
        return sorted(photos), sorted(folders)

    def _is_to_enter(self, entry: os.DirEntry[str]) -> bool:
        wanted = self.recurse and entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")
        return wanted and not self._is_output_root(Path(entry.path))

    def _is_output_root(self, folder: Path) -> bool:
        return self.output_root is not None and os.path.realpath(folder) == os.path.realpath(self.output_root)


def _is_file(entry: os.DirEntry[str]) -> bool:
    """A broken link, or one in a circle, is taken and fails as an item; a pipe would block the run and is not."""
    try:
        return entry.is_file() or (entry.is_symlink() and not entry.is_dir())
    except OSError:
        return True


def _is_photo_name(path: Path) -> bool:
    return path.suffix.lower() in SUFFIX_FORMAT and not path.name.startswith(".")


def _absolute(path: Path) -> Path:
    """Absolute without following links: a link to a photo is mirrored where the link is."""
    return Path(os.path.abspath(path))


def find_sources(
    arguments: Sequence[str],
    *,
    listed: Sequence[str] = (),
    recurse: bool = False,
    output_root: Path | None = None,
    is_own_output: Callable[[Path], bool] = lambda path: False,
    stdin_name: str = "stdin",
) -> SourceList:
    """What `arguments`, and the names of a list (no globs there), stand for.

    Files that do not exist are kept, to fail as items, as long as something else exists.
    Folders map without their own name; several arguments map from the common parent of their folders.

    Raises:
        UsageError: nothing was named, or nothing of what was named exists.
    """
    if not arguments and not listed:
        raise UsageError("no photos given; name files or folders, as in `ip2p edit photos/ -i ...`")
    if "" in (*arguments, *listed):
        raise UsageError("an empty file name was given; is a shell variable unset?")
    has_stdin = STDIN in arguments
    named = [argument for argument in dict.fromkeys(arguments) if argument != STDIN]
    roots = (*map(_root, named), *(_root(name, may_be_glob=False) for name in dict.fromkeys(listed)))
    if roots and not has_stdin and not any(_exists(root) for root in roots):
        missing = ", ".join([*arguments, *listed][:3]) + (", …" if len(arguments) + len(listed) > 3 else "")
        raise UsageError(f"no such file or folder: {missing}; check the name (the current folder is {Path.cwd()})")
    bases = sorted({root.base for root in roots})
    try:
        common = Path(os.path.commonpath(bases)) if bases else Path.cwd()
    except ValueError:  # several drives
        raise UsageError("the photos are on several drives; run once for each drive") from None
    return SourceList(roots, common, recurse, stdin_name if has_stdin else None, output_root, is_own_output)


def _exists(root: Root) -> bool:
    if root.pattern is not None:
        return any(True for _ in glob.iglob(root.pattern, recursive=True))
    return root.path.exists()


def _root(argument: str, may_be_glob: bool = True) -> Root:
    path = _absolute(Path(os.path.expanduser(argument)))
    if path.is_dir():
        return Root(path, path, is_folder=True)
    if may_be_glob and not os.path.lexists(path) and _MAGIC.search(argument):
        magic = [bool(_MAGIC.search(part)) for part in path.parts]
        fixed = Path(*path.parts[: magic.index(True)])
        return Root(path, fixed, pattern=str(path))
    return Root(path, path.parent)


def read_nul_list(name: str, stdin: BinaryIO | None = None) -> list[str]:
    """The file names of a NUL-separated list (`find -print0`), from a file or, with `-`, from stdin.

    Raises:
        UsageError: the list cannot be read.
    """
    if name == STDIN and stdin is None and sys.stdin is None:
        raise UsageError("--files-from0 - reads stdin, which is closed; redirect it, or give a file")
    try:
        data = (stdin or sys.stdin.buffer).read() if name == STDIN else Path(name).read_bytes()
    except OSError as problem:
        raise UsageError(f"--files-from0 {name}: {problem.strerror}; give a file or -") from None
    return [os.fsdecode(part) for part in data.split(b"\0") if part]


class SourceReader:
    """Reads a source's bytes; stdin is read once and kept."""

    def __init__(self, stdin: BinaryIO | None = None) -> None:
        self._stdin = stdin
        self._kept: bytes | None = None

    def read(self, source: Source) -> bytes:
        """The file's bytes.

        Raises:
            OSError: it cannot be read.
            ItemError: it is no file.
        """
        if source.path is not None:
            if stat.S_ISFIFO(source.path.stat().st_mode):
                raise ItemError("it is a pipe, which may never end; give its contents on stdin, as -")
            return source.path.read_bytes()
        if self._kept is None:
            self._kept = (self._stdin or sys.stdin.buffer).read()
        return self._kept


def nothing_found(sources: SourceList) -> UsageError:
    """The error for a list that holds no photo at all, with the likely way out."""
    names = ", ".join(str(root.pattern or root.path) for root in sources.roots[:3])
    if not sources.recurse and any(
        entry.is_dir() for root in sources.roots if root.is_folder for entry in os.scandir(root.path)
    ):
        return UsageError(f"no photos directly in {names}; -r looks into its subfolders too")
    return UsageError(f"no photos in {names}; photos that ip2p made itself do not count unless named one by one")
