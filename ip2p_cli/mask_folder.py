"""`--mask-out DIR`: where each photo was let change, to be looked at."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from ip2p_cli.atomic import AtomicWriter

if TYPE_CHECKING:
    from ip2p_cli.tries import Edited


class MaskFolder:
    """Masks as PNG, in a tree like the outputs': of `a/b.jpg` it is `a/b.jpg.png`. An edit without one has no file."""

    def __init__(self, folder: Path, outputs: Path | None) -> None:
        """`outputs` is the folder that the outputs are under; None where the one goes to stdout."""
        self._folder, self._outputs = folder.expanduser(), outputs
        self._writer = AtomicWriter()

    def save(self, edited: Edited) -> None:
        """Write the mask of the first frame.

        Raises:
            EnvironmentStop, ItemError: as for any output.
        """
        job, mask = edited.ready.job, edited.mask
        if mask is None:
            return
        name = (
            job.source.relative
            if job.output is None or self._outputs is None
            else job.output.relative_to(self._outputs)
        )
        data = io.BytesIO()
        mask.save(data, "PNG")
        self._writer.write(self._folder / f"{name}.png", data.getvalue())
