"""`ip2p` with a fake editor, also in its workers. The environment variable FAKE_EDITS names a file that gets a line for
every edit.

FAKE_PIDS names a folder that gets a file for every process that loads it, named by its number.
FAKE_GATE names a file without which the editor stops before batch FAKE_GATE_BATCH, so that a test can hold a run there.
"""

from __future__ import annotations

import os
import sys
import time
from itertools import count
from pathlib import Path
from typing import Any

from ip2p_cli import api, checkpoint, cli
from tests.fakes import FakeEditor


class LoggingEditor(FakeEditor):
    """Notes what it edits, by the digest of the source; takes FAKE_SECONDS for each batch."""

    def __init__(self) -> None:
        super().__init__()
        self.batches = count()
        if "FAKE_PIDS" in os.environ:
            (Path(os.environ["FAKE_PIDS"]) / str(os.getpid())).touch()

    def edit_each(self, requests: Any, **options: Any) -> Any:
        gate = os.environ.get("FAKE_GATE")
        if gate is not None and next(self.batches) == int(os.environ["FAKE_GATE_BATCH"]):
            while not Path(gate).exists():
                time.sleep(0.01)
        log = os.environ.get("FAKE_EDITS")
        for request in requests:
            if log is not None and request.step_index == 0:
                with open(log, "a") as file:
                    file.write(f"{request.source_digest.hex()}-{request.variant}\n")
        time.sleep(float(os.environ.get("FAKE_SECONDS", "0")))
        self.calls.clear()
        return super().edit_each(requests, **options)


if __name__ in ("__main__", "__mp_main__"):  # the latter in a worker
    api.load_editor = lambda *arguments, **options: LoggingEditor()  # type: ignore[assignment,return-value]
    checkpoint.open_checkpoint = lambda *arguments, **options: FakeEditor()  # type: ignore[assignment,return-value]
if __name__ == "__main__":
    sys.exit(cli.run(sys.argv[1:]))
