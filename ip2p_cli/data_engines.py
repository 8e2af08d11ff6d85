"""What a plugin gives to `ip2p gen-data` and `ip2p train`: engines, and what passes between a stage and its engines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

INSTRUCTIONS = "instructions"  # the stage of engines that write edits from captions
TRAINING = "training"  # the stage of engines that draw what `ip2p train NAME` trains on, made from {"seed": …}


@dataclass(frozen=True)
class DataEngine:
    """One engine: the stage it serves, and what makes it of the options given on the command line."""

    stage: str
    make: Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True)
class CaptionTask:
    """One caption to write an edit for. The same seed gives the same answer, whatever stands beside it."""

    caption: str
    seed: int


@dataclass(frozen=True)
class EditAnswer:
    """What an engine answers: an instruction and the edited caption, or the problem that kept it from one."""

    edit: str = ""
    output: str = ""
    problem: str = ""
    raw: str = ""  # the answer as it came, to be looked at where it was of no use


InstructionEngine = Callable[[Sequence[CaptionTask]], Sequence[EditAnswer]]  # one answer a task, in order


@dataclass(frozen=True)
class DrawnEdits:
    """n captioned pictures, each before and after an instruction; pictures are (n, h, w, 3) uint8."""

    captions: list[str]
    pictures: NDArray[np.uint8]
    instructions: list[str]
    edited_captions: list[str]
    edited_pictures: NDArray[np.uint8]


class DrawnData(Protocol):
    """Captioned pictures, drawn when they are asked for. A row is always the same, whatever is asked beside it."""

    @property
    def side(self) -> int:
        """Pixels a side."""

    @property
    def rows(self) -> int:
        """How many there are."""

    def captioned(self, rows: Sequence[int]) -> tuple[list[str], NDArray[np.uint8]]:
        """Captions and pictures (n, side, side, 3) of those rows."""

    def edited(self, rows: Sequence[int]) -> DrawnEdits:
        """Those rows, each with an edit that changes its picture."""

    def texts(self, rows: Sequence[int]) -> list[str]:
        """Captions and instructions of those rows, each on its own; no picture is drawn for them."""


@runtime_checkable
class MarkedData(DrawnData, Protocol):
    """Drawn data that knows where the things are which captions name."""

    def marked(self, rows: Sequence[int]) -> NDArray[np.bool_]:
        """(n, side, side) of those rows, true at and about the things."""
