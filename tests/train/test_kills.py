"""Killed anywhere and resumed, the loss curve is bit for bit that of a run that was never killed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from ip2p_train import checkpoints
from ip2p_train.editor import Drawn
from ip2p_train.logs import JsonLines
from ip2p_train.loop import train
from ip2p_train.part import Figures
from tests.train.small import LOOP, editor_part, write_pairs

REPOSITORY = Path(__file__).parents[2]
STEPS, KILLS = 80, 50
CONFIG = """
[loop]
max_steps = 24
batch_size = 4
log_every = 1
precision = "fp32"
checkpoint_seconds = 0.0
[validation]
share = 0.3
every = 10
pictures = 1
"""


class Killed(BaseException):
    """In the place of a signal: nothing handles it."""


def curve(out: Path) -> dict[int, float]:
    """Step -> loss, of a run's log; each step is there once."""
    lines = (out / ".train" / "log.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    assert len({record["step"] for record in records}) == len(records)
    return {record["step"]: record["loss"] for record in records}


def live(data: Path, base: Path, out: Path, *, deaths: int | None, checkpoint_seconds: float) -> None:
    """One process's life: it goes on from what is there, and dies in its `deaths`th step."""
    part, log = editor_part(data, base, out), JsonLines(out)
    loss, steps = part.loss_on, 0

    def dying(drawn: Drawn) -> tuple[Tensor, Figures]:
        nonlocal steps
        steps += 1
        if steps == deaths:
            raise Killed
        return loss(drawn)

    part.loss_on = dying  # type: ignore[method-assign]
    loop = replace(LOOP, max_steps=STEPS, checkpoint_seconds=checkpoint_seconds)
    for record in train(part, loop, out, resume=True):
        log.add(record)


@pytest.mark.slow
def test_killed_at_fifty_random_steps(tmp_path: Path, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, chance = write_pairs(tmp_path / "data"), random.Random(0)
    live(data, tiny_checkpoint, tmp_path / "whole", deaths=None, checkpoint_seconds=1e9)
    put_in_place = os.replace
    for _ in range(KILLS):
        writing = chance.random() < 0.3  # it dies when a checkpoint is written and not yet in its place

        def replacing(source: object, target: Path, writing: bool = writing) -> None:
            if writing and target.name == "state.pt" and chance.random() < 0.5:
                raise Killed
            put_in_place(source, target)  # type: ignore[arg-type]

        monkeypatch.setattr(checkpoints.os, "replace", replacing)
        with pytest.raises(Killed):
            live(data, tiny_checkpoint, tmp_path / "killed", deaths=chance.randint(1, 3), checkpoint_seconds=0.0)
    monkeypatch.undo()
    live(data, tiny_checkpoint, tmp_path / "killed", deaths=None, checkpoint_seconds=0.0)
    assert curve(tmp_path / "killed") == curve(tmp_path / "whole")
    assert len(curve(tmp_path / "whole")) == STEPS
    one, other = (
        load_file(tmp_path / name / "unet/diffusion_pytorch_model.safetensors") for name in ("whole", "killed")
    )
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.slow
def test_a_process_that_is_killed_goes_on(tmp_path: Path, tiny_checkpoint: Path) -> None:
    write_pairs(tmp_path / "data", [(32, 32)] * 12)
    (tmp_path / "config.toml").write_text(CONFIG)
    path = os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "plugins")])
    environment = {**os.environ, "PYTHONPATH": path, "XDG_CONFIG_HOME": str(tmp_path), "OMP_NUM_THREADS": "1"}

    def start(out: str) -> subprocess.Popen[bytes]:
        options = ["--base", str(tiny_checkpoint), "--config", "config.toml", "-o", out, "--resume", "--device", "cpu"]
        command = [sys.executable, "-m", "ip2p_cli", "train", "data", *options]
        return subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL)

    assert start("whole").wait() == 0
    chance, log = random.Random(1), tmp_path / "killed" / ".train" / "log.jsonl"
    for target in (4, 9, 15, 21):
        process = start("killed")
        while process.poll() is None and (not log.exists() or log.read_bytes().count(b"\n") < target):
            time.sleep(0.005)
        time.sleep(chance.random() * 0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert start("killed").wait() == 0
    assert curve(tmp_path / "killed") == curve(tmp_path / "whole")
    files = [sorted(p.name for p in (tmp_path / name).iterdir()) for name in ("whole", "killed")]
    assert files[0] == files[1]
