"""The cases of `python -m benchmarks`, each a module with its SIZES and `run(setting, scale) -> Result`."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

SIZES = ("quick", "normal", "full")


@dataclass(frozen=True)
class Case:
    """One case. Its module, which may need torch, is imported when it is asked for."""

    name: str
    title: str
    minutes: tuple[str, str, str]  # about how long on two idle cores, in each of SIZES
    edits: bool = True  # with the model of the setting

    @property
    def module(self) -> Any:
        """What measures."""
        return importlib.import_module(f"{__name__}.{self.name.replace('-', '_')}")


CASES = {
    case.name: case
    for case in (
        Case("end-to-end", "A folder of JPEGs edited, beside diffusers' pipeline", ("1", "40", "70")),
        Case("sd15-loop", "The loop on networks of Stable Diffusion 1.5's shape", ("1", "45", "an accelerator"), False),
        Case("processes", "One command for a folder, beside a process for each photo", ("2", "15", "20")),
        Case("start-up", "ip2p --help, beside the help of a one-command Typer app", ("0.1", "0.3", "0.5"), False),
        Case("memory", "Peak memory over the number of photos", ("1", "5", "30"), False),
        Case("files", "A large photo, and a folder that is on the disk only", ("1", "5", "15")),
        Case("chain", "A chain of four instructions, beside one", ("1", "10", "20")),
        Case("checks", "What each check costs a photo", ("1", "2", "4")),
        Case("busy", "How much of the time the networks are at work", ("1", "8", "12")),
    )
}
