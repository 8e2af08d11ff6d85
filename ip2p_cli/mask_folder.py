"""`--mask-out DIR`: where each photo was let change, to be looked at."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from ip2p_cli.atomic import AtomicWriter

if TYPE_CHECKING:
    from ip2p_cli.chain import Edited


class MaskFolder:
    """Masks as PNG, in a tree like the photos', under their outputs' names. An edit without one has no file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.expanduser()
        self._writer = AtomicWriter()

    def save(self, edited: Edited) -> None:
        """Write the mask of the first frame.

        Raises:
            EnvironmentStop, ItemError: as for any output.
        """
        job, mask = edited.ready.job, edited.mask
        if mask is None:
            return
        stem = job.source.relative.stem if job.output is None else job.output.stem
        data = io.BytesIO()
        mask.save(data, "PNG")
        self._writer.write(self._folder / job.source.relative.parent / f"{stem}.png", data.getvalue())
