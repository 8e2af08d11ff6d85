"""Logs: lines, TensorBoard's event files, and no step twice after a kill."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from ip2p_cli.api import MissingExtra
from ip2p_train.logs import JsonLines, open_logs


def test_a_resumed_run_drops_what_a_killed_one_logged_ahead(tmp_path: Path) -> None:
    first = JsonLines(tmp_path)
    for step in range(1, 6):
        first.add({"step": step, "loss": step})
    path = tmp_path / ".train" / "log.jsonl"
    path.write_text(path.read_text() + '{"step": 6, "lo')  # killed in the middle of a line
    again = JsonLines(tmp_path)
    again.add({"step": 4, "loss": 40})
    again.add({"step": 5, "loss": 50})
    records = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(record["step"], record["loss"]) for record in records] == [(1, 1), (2, 2), (3, 3), (4, 40), (5, 50)]


def test_tensorboard_files_hold_the_figures(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for steps in ((1, 2, 3), (3, 4)):  # the second run goes on from step 2
        for log in open_logs(tmp_path, "tensorboard"):
            for step in steps:
                log.add({"step": step, "loss": 10.0 * step, "learning_rate": 0.1})
    events = EventAccumulator(str(tmp_path / ".train" / "tensorboard")).Reload()
    assert set(events.Tags()["scalars"]) == {"loss", "learning_rate"}
    assert [(event.step, event.value) for event in events.Scalars("loss")] == [(n, 10.0 * n) for n in (1, 2, 3, 4)]


def test_without_tensorboard_the_pip_command_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(MissingExtra, match=r"pip install 'ip2p\[tensorboard\]'"):
        open_logs(tmp_path, "tensorboard")
