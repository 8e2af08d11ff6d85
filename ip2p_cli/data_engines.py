"""What a plugin gives to `ip2p gen-data`: engines, and what passes between the instruction stage and its engines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

INSTRUCTIONS = "instructions"  # the stage of engines that write edits from captions


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
