"""The page on training: its commands parse and its settings exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from ip2p_train import config_file
from ip2p_train.config_file import load_config
from ip2p_train.settings_check import check_settings
from tests.commands.conftest import CommandLine

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "train.md").read_text(encoding="utf-8")
COMMANDS = [
    match[1].split("#")[0] for match in re.finditer(r"^    .*?\b(?:ip2p|ip2p_cli) train\b(.*)$", PAGE, re.MULTILINE)
]


@pytest.mark.parametrize("command", COMMANDS)
def test_its_commands_parse(ip2p: CommandLine, command: str) -> None:
    ip2p.monkeypatch.setattr(config_file, "files", lambda package: REPOSITORY / "recipes")
    answer = ip2p("train", *shlex.split(command), "--print-config")
    assert answer.code == 0, answer.err


def test_there_are_commands_and_their_settings_exist(tmp_path: Path) -> None:
    assert len(COMMANDS) >= 5
    [recipe] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "page.toml").write_text(recipe)
    config = load_config(tmp_path / "page.toml")
    check_settings(config)
    assert "conv1" in config.lora.targets
