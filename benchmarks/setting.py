"""What every case is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.measuring import Clock, clock_of

INSTRUCTION = "make it night"


@dataclass(frozen=True)
class Setting:
    """Where and with what to measure."""

    work: Path  # an empty folder, removed afterwards
    model: str = "mini"  # of the cases that edit with a real one
    device: str = "cpu"
    dtype: str = "float32"
    clock_kind: str = "wall"  # or processor

    @property
    def clock(self) -> Clock:
        """Seconds by the clock that was asked for."""
        return clock_of(self.clock_kind, self.device)

    def edit(self, photos: Path, out: str, *options: str) -> tuple[str, ...]:
        """The words of an `ip2p edit` of photos into a folder of that name, which must be a new one.

        `--fast` chooses its own precision.
        """
        dtype = () if "--fast" in options else ("--dtype", self.dtype)
        common = ("--model", self.model, "--device", self.device, *dtype, "--quiet", "--offline")
        return ("edit", str(photos), "-o", str(self.work / out), *common, *options)
