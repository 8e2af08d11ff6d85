"""`--mask-out DIR`: where each photo was let change, to be looked at."""

from __future__ import annotations

import io
import itertools
import os
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from ip2p_cli.atomic import AtomicWriter, discard_temporary
from ip2p_cli.choices import OnExists
from ip2p_cli.entries import digest_of
from ip2p_cli.errors import ItemError, UsageError
from ip2p_cli.types import EditJob
from ip2p_cli.writing import make_output_folder

if TYPE_CHECKING:
    from PIL.Image import Image

    from ip2p_cli.tries import Edited

OPTION = "--mask-out"
_MARK = "ip2p mask"  # keyword of a text in the PNG: a digest of what the edit is made of, and of the mask's pixels
_HEAD = 128  # bytes of a PNG in which Pillow writes it


class MaskFolder:
    """Masks as PNG, in a tree like the outputs': of `a/b.jpg` it is `a/b.jpg.png`. An edit without one has no file.

    What is there already is treated as outputs are: `on_exists` says how. The mark tells a mask of the same edit, which
    an interrupted run has left, from those of other edits and those that somebody has painted in.
    """

    def __init__(self, folder: Path, outputs: Path | None, on_exists: OnExists, attempt: str = "") -> None:
        """`outputs` is the folder that the outputs are under; None where the one goes to stdout.

        `attempt` is as for `AtomicWriter`.

        Raises:
            UsageError: it is no folder.
        """
        self._folder, self._outputs, self._on_exists = folder.expanduser(), outputs, on_exists
        if os.path.lexists(self._folder) and not self._folder.is_dir():
            raise UsageError(f"{OPTION} {folder} is no folder; give another name")
        self._writer = AtomicWriter(self._folder, OPTION, attempt)

    def make(self) -> None:
        """Make the folder, before there is anything to lose.

        Raises:
            EnvironmentStop, UsageError: it cannot be made or written to.
        """
        make_output_folder(self._folder)

    def place(self, job: EditJob, key: str) -> Path:
        """Where the mask of a job with that key is to be written.

        Raises:
            ItemError: another file is there, and --on-exists does not say what to do with it.
        """
        wanted = self._wanted(job)
        if self._on_exists is OnExists.OVERWRITE:
            return wanted
        if self._on_exists is OnExists.RENAME:
            return next(path for path in _alternatives(wanted) if not os.path.lexists(path) or _is_of(path, key))
        if not os.path.lexists(wanted):
            return wanted
        if self._on_exists is OnExists.ERROR:
            raise ItemError(f"{wanted} exists; remove it, or choose another --on-exists or {OPTION}")
        if not _is_of(wanted, key):
            way_out = f"use --on-exists rename or overwrite, or another {OPTION}"
            raise ItemError(f"{wanted} exists and is not the mask of this edit; {way_out}")
        return wanted

    def _wanted(self, job: EditJob) -> Path:
        name: PurePath = job.source.relative
        if job.output is not None and self._outputs is not None:
            name = job.output.relative_to(self._outputs)
        return self._folder / f"{name}.png"

    def save(self, edited: Edited) -> None:
        """Write the mask of the first frame.

        Raises:
            EnvironmentStop, ItemError: as for any output.
        """
        if edited.mask is None:
            return
        from PIL.PngImagePlugin import PngInfo

        key, mark, data = edited.ready.key, PngInfo(), io.BytesIO()
        mark.add_text(_MARK, _mark_of(edited.mask, key))
        edited.mask.save(data, "PNG", pnginfo=mark)
        self._writer.write(self.place(edited.ready.job, key), data.getvalue())

    def discard_temporary(self, job: EditJob) -> None:
        """Remove what a process that is dead has half written for a job."""
        for path in _alternatives(self._wanted(job)):
            discard_temporary(path)
            if not os.path.lexists(path):
                return

    def discard_all(self) -> None:
        """Remove the temporary files of writes that are under way: the process is about to end."""
        self._writer.discard_all()


def is_written_mask(path: Path) -> bool:
    """Whether a file found among photos is a mask that `--mask-out` has written."""
    if path.suffix != ".png" or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return f"tEXt{_MARK}\0".encode() in file.read(_HEAD)
    except OSError:
        return False


def _alternatives(wanted: Path) -> Iterator[Path]:
    yield wanted
    yield from (wanted.with_name(f"{wanted.stem}_{number}.png") for number in itertools.count(1))


def _mark_of(mask: Image, key: str) -> str:
    return digest_of(key.encode() + mask.tobytes())


def _is_of(path: Path, key: str) -> bool:
    """Whether that is the mask of the edit with that key, and nobody has touched it."""
    from PIL import Image

    try:
        with Image.open(path, formats=("PNG",)) as image:
            return _MARK in image.info and image.info[_MARK] == _mark_of(image, key)
    except Exception:  # whatever it is, it is no mask of ours
        return False
