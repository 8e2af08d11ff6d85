"""Where a run's figures go: `log.jsonl` always, TensorBoard's event files where asked for."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Protocol

from ip2p_cli.api import MissingExtra, make_output_folder, writing

from .names import STATE_FOLDER

KINDS = ("jsonl", "tensorboard")


class Log(Protocol):
    """Takes records as they come."""

    def add(self, record: dict[str, Any]) -> None:
        """One step's figures."""


class JsonLines:
    """`out/.train/log.jsonl`, a line a record."""

    def __init__(self, out: Path) -> None:
        make_output_folder(out / STATE_FOLDER)
        self._path = out / STATE_FOLDER / "log.jsonl"
        self._is_new = True

    def add(self, record: dict[str, Any]) -> None:
        """Append it; what a killed run has logged of this step and later ones is dropped first."""
        with writing(self._path):
            if self._is_new:
                self._drop_from(record["step"])
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")

    def _drop_from(self, step: int) -> None:
        self._is_new = False
        if not self._path.exists():
            return
        lines = self._path.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if line.endswith("\n") and json.loads(line)["step"] < step]
        if kept != lines:
            aside = self._path.with_suffix(f".{os.getpid()}.tmp")
            aside.write_text("".join(kept), encoding="utf-8")
            os.replace(aside, self._path)


class TensorBoard:
    """Event files in `out/.train/tensorboard`."""

    def __init__(self, out: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise MissingExtra("--log tensorboard", "tensorboard") from None
        self._folder = out / STATE_FOLDER / "tensorboard"
        self._make = SummaryWriter
        self._writer: Any = None

    def add(self, record: dict[str, Any]) -> None:
        """All figures of a record; those of a killed run from this step on are hidden."""
        with writing(self._folder):
            if self._writer is None:
                self._writer = self._make(str(self._folder), purge_step=record["step"])
            for name, value in record.items():
                if name != "step":
                    self._writer.add_scalar(name, value, record["step"])
            self._writer.flush()


def open_logs(out: Path, kind: str) -> list[Log]:
    """The logs of a run.

    Raises:
        MissingExtra: tensorboard is not installed.
    """
    logs: list[Log] = [JsonLines(out)]
    return [*logs, TensorBoard(out)] if kind == "tensorboard" else logs
