"""Guidance that tunes itself (`--change`), and `ip2p sweep`, where people choose with their eyes.

InstructPix2Pix (arXiv 2211.09800, section 5) says that how far an edit goes has to be tuned by its two guidance
scales, photo by photo. Here a review measures how far it went, and sends it round again with other scales.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ip2p_cli.api import EditJob, StepSettings, Try, Verdict, hookimpl

if TYPE_CHECKING:
    import typer
    from PIL.Image import Image


@hookimpl
def ip2p_register_commands(app: typer.Typer) -> None:
    """`ip2p sweep`."""
    from .command import sweep

    app.command("sweep")(sweep)


@hookimpl
def ip2p_review_result(
    job: EditJob,
    before: Image,
    after: Image,
    tries: Sequence[Try],
    chain: Sequence[StepSettings],
) -> Verdict:
    """Flags a copy; of a job with a band of change, asks for another try until the edit lies in it."""
    from .review import judge

    return judge(job, before, after, chain, tries)
