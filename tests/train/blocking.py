"""`ip2p` with a part that waits: it makes the file step-N in its Nth step and goes on once `go` exists."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ip2p_cli import cli
from ip2p_train import parts


class Waiting:
    """A part with one weight."""

    def __init__(self) -> None:
        self.model: nn.Module = nn.Linear(1, 1)
        self.steps = 0

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        self.steps += 1
        Path(f"step-{self.steps}").touch()
        while not Path("go").exists():
            time.sleep(0.01)
        return self.model(torch.ones(1, 1)).mean(), {}

    def save(self, folder: Path) -> None:
        (folder / "saved").touch()


def build(*arguments: Any) -> parts.Built:
    return parts.Built(Waiting())


if __name__ == "__main__":
    parts.build_part = build
    sys.exit(cli.run(sys.argv[1:]))
