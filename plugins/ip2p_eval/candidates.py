"""What is compared: checkpoints that are loaded one at a time, and edited with in portions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ip2p_cli.api import EditRequest, EditResult, progress_bar

if TYPE_CHECKING:
    from PIL.Image import Image

    from ip2p_eval.shared import Editing

PORTION = 32  # requests between two moves of the progress bar; the editor makes its own batches


@dataclass(frozen=True)
class Candidate:
    """A checkpoint by the name that the user gave it. It is loaded when its turn comes, and may be dropped after it."""

    name: str
    load: Callable[[], Editing]


def facts_of(editor: Editing) -> dict[str, str]:
    """The hash over a checkpoint's weights and what it computes in, as far as the editor says."""
    facts = {"fingerprint": getattr(editor, "fingerprint", ""), "dtype": getattr(editor, "dtype", "")}
    return {name: str(value).removeprefix("torch.") for name, value in facts.items()}


def edit_all(
    editor: Editing, requests: Sequence[EditRequest], label: str, *, full_resolution: bool = True
) -> list[Image | None]:
    """The edited pictures in the requests' order, None where an edit failed; a progress bar is drawn."""
    portions = [requests[at : at + PORTION] for at in range(0, len(requests), PORTION)]
    edited: list[Image | None] = []
    for portion in progress_bar(portions, total=len(portions), label=label):
        edited += pictures(editor, portion, full_resolution=full_resolution)
    return edited


def pictures(
    editor: Editing, requests: Sequence[EditRequest], *, full_resolution: bool = True
) -> Iterator[Image | None]:
    """As `edit_all`, of one portion."""
    for result in editor.edit_each(requests, full_resolution=full_resolution):
        yield result.image if isinstance(result, EditResult) else None
