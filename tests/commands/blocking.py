"""`ip2p` with a fake editor that waits: it makes the file started-N for its Nth batch and goes on once `go` exists."""

from __future__ import annotations

import itertools
import sys
import time
from pathlib import Path
from typing import Any

from ip2p_cli import api, checkpoint, cli
from tests.fakes import FakeEditor


class BlockingEditor(FakeEditor):
    def __init__(self) -> None:
        super().__init__()
        self.numbers = itertools.count(1)

    def edit_each(self, requests: Any, **options: Any) -> Any:
        Path(f"started-{next(self.numbers)}").touch()
        while not Path("go").exists():
            time.sleep(0.01)
        return super().edit_each(requests, **options)


if __name__ == "__main__":
    api.load_editor = lambda *arguments, **options: BlockingEditor()  # type: ignore[assignment]
    checkpoint.open_checkpoint = lambda *arguments, **options: FakeEditor()  # type: ignore[assignment,return-value]
    sys.exit(cli.run(sys.argv[1:]))
