"""A batch divided over forward passes and processes: the same training, within rounding."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from ip2p_cli.api import UsageError
from ip2p_train.loop import train
from ip2p_train.processes import Processes
from tests.train.small import LOOP, editor_part, write_pairs
from tests.train.test_loop import Line

REPOSITORY = Path(__file__).parents[2]
CONFIG = """
[loop]
max_steps = 6
batch_size = 6
log_every = 1
precision = "fp32"
ema_decay = 0.5
[validation]
share = 0.3
every = 3
pictures = 1
"""
WEIGHTS = "unet/diffusion_pytorch_model.safetensors"


@settings(deadline=None)
@given(st.integers(1, 200), st.integers(1, 8), st.integers(0, 40))
def test_the_slices_of_all_processes_are_the_batch(batch_size: int, count: int, micro_batch: int) -> None:
    found = [piece for rank in range(count) for piece in Processes(rank, count).slices(batch_size, micro_batch)]
    assert [row for piece in found for row in range(batch_size)[piece]] == list(range(batch_size))
    assert not micro_batch or all(piece.stop - piece.start <= micro_batch for piece in found)


def test_several_passes_are_as_good_as_one(tmp_path: Path, tiny_checkpoint: Path) -> None:
    data = write_pairs(tmp_path / "data")
    losses = []
    for micro_batch in (0, 3):
        out = tmp_path / str(micro_batch)
        loop = replace(LOOP, micro_batch=micro_batch)
        losses.append([r["loss"] for r in train(editor_part(data, tiny_checkpoint, out), loop, out, resume=False)])
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    one, other = (load_file(tmp_path / name / WEIGHTS) for name in ("0", "3"))
    assert all(torch.allclose(one[name], other[name], atol=1e-4) for name in one)


def test_a_part_whose_batch_is_one_thing_is_not_divided(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="this part's batch cannot be divided"):
        next(train(Line(), replace(LOOP, micro_batch=2), tmp_path, resume=False))
    with pytest.raises(UsageError, match="a batch of 4 cannot be divided over 8"):
        next(train(Line(), LOOP, tmp_path, resume=False, processes=Processes(0, 8)))


@pytest.mark.slow
def test_two_processes_train_as_one(tmp_path: Path, tiny_checkpoint: Path) -> None:
    write_pairs(tmp_path / "data", [(32, 32)] * 8 + [(48, 24)] * 8)
    (tmp_path / "config.toml").write_text(CONFIG)
    path = os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "plugins")])
    environment = {**os.environ, "PYTHONPATH": path, "XDG_CONFIG_HOME": str(tmp_path), "OMP_NUM_THREADS": "1"}
    launch = "torch.distributed.run --standalone --nproc_per_node 2 -m ip2p_cli"  # accelerate's needs MPI on a CPU

    def run(out: str, program: str) -> str:
        options = ["--base", str(tiny_checkpoint), "--config", "config.toml", "-o", out, "--device", "cpu"]
        command = [sys.executable, "-m", *program.split(), "train", "data", *options]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stderr

    run("one", "ip2p_cli")
    said = run("two", launch)
    assert said.count("training in 2 processes") == said.count("step 6/6") == 1  # one of them speaks
    logs = [
        [json.loads(line) for line in (tmp_path / out / ".train" / "log.jsonl").read_text().splitlines()]
        for out in ("one", "two")
    ]
    for one, other in zip(*logs, strict=True):
        assert one["step"] == other["step"]
        for name in ("loss", "grad_norm"):
            assert one[name] == pytest.approx(other[name], rel=1e-3)
    assert logs[0][-1]["validation_loss"] == pytest.approx(logs[1][-1]["validation_loss"], rel=1e-3)
    one, other = (load_file(tmp_path / name / WEIGHTS) for name in ("one", "two"))
    assert max((one[name] - other[name]).abs().max().item() for name in one) < 1e-4
    assert not all(torch.equal(one[name], tensor) for name, tensor in load_file(tiny_checkpoint / WEIGHTS).items())
