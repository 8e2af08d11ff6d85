"""A worker on another machine makes what one on the run's own makes, or refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ip2p_cli.assembly import Setup
from ip2p_cli.checkpoint import open_checkpoint
from ip2p_cli.choices import OnExists
from ip2p_cli.distributed.worker import EditWork, check_machine
from ip2p_cli.errors import EnvironmentStop
from ip2p_cli.journal import Journal
from ip2p_cli.model_choice import ModelChoice
from ip2p_cli.plugin_manager import PluginInfo, PluginManager
from ip2p_cli.prepare import RunSettings
from ip2p_cli.workers import Post

PLUGIN = PluginInfo("check", "a-plugin", "1.0")


@pytest.fixture
def manager() -> PluginManager:
    manager = PluginManager()
    manager.plugins.append(PLUGIN)
    return manager


@pytest.fixture
def work(tmp_path: Path, tiny_checkpoint: Path, manager: PluginManager) -> EditWork:
    fingerprint = open_checkpoint(str(tiny_checkpoint), manager, offline=True).fingerprint
    settings = RunSettings("tiny", fingerprint)
    setup = Setup(settings, ModelChoice(str(tiny_checkpoint), offline=True), frozenset(), None, 9, 1.0)
    Journal(tmp_path, "settings").close()
    return EditWork(setup, tmp_path, OnExists.RESUME, None, (PLUGIN,), ())


ELSEWHERE = Post(1, "cpu", employer="another-host")


def test_the_same_installation_is_taken(work: EditWork, manager: PluginManager) -> None:
    check_machine(work, ELSEWHERE, manager)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"version": "0.0"}, "install the same"),
        ({"plugins": ()}, r"other plugins \(check\)"),
        ({"plugins": (replace(PLUGIN, version="2.0"),)}, r"other plugins \(check\)"),
        ({"plugins": (replace(PLUGIN, error="broken"),)}, r"other plugins \(check\)"),
        ({"root": Path("/nowhere")}, "does not see /nowhere"),
        ({"required": ("nsfw",)}, "nsfw"),
    ],
)
def test_another_one_is_refused(work: EditWork, manager: PluginManager, change: dict[str, Any], says: str) -> None:
    with pytest.raises(EnvironmentStop, match=says):
        check_machine(replace(work, **change), ELSEWHERE, manager)
    check_machine(replace(work, **change), Post(1, "cpu"), manager)  # on the run's own machine nothing is asked


def test_other_weights_are_refused(work: EditWork, manager: PluginManager) -> None:
    other = replace(work.setup, settings=replace(work.setup.settings, fingerprint="of another"))
    with pytest.raises(EnvironmentStop, match="other weights"):
        check_machine(replace(work, setup=other), ELSEWHERE, manager)
