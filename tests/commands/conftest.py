"""The command line run in this process, with a fake editor in the place of the networks."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ip2p_cli import api, checkpoint, cli
from tests.fakes import FakeEditor
from tests.installed import write_plugin


@dataclass
class Answer:
    """What a command left behind."""

    code: int
    out: bytes
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events on stdout; anything else there is an error."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass
class CommandLine:
    """`ip2p ARGUMENTS`, run in a folder of its own."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    editor: FakeEditor = field(default_factory=FakeEditor)
    loaded: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __call__(self, *arguments: str, stdin: bytes = b"") -> Answer:
        out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
        err = io.StringIO()
        with self.monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            code = cli.run(list(arguments))
            out.flush()
        answer = Answer(code, out.buffer.getvalue(), err.getvalue())
        assert "Traceback" not in answer.err
        return answer

    def install(self, name: str, source: str) -> None:
        """Install a plugin for the test: an entry point `name`, and the source of its module."""
        self.monkeypatch.syspath_prepend(str(write_plugin(self.folder / "site", name, source)))
        self.monkeypatch.delitem(sys.modules, "plugin_" + name.replace("-", "_"), raising=False)

    def _load(self, model: str, **options: Any) -> FakeEditor:
        self.loaded.append((model, options))
        return self.editor


@pytest.fixture
def ip2p(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    for variable in [name for name in __import__("os").environ if name.startswith("IP2P_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    # `run` writes this variable for the processes that it starts; setting it here has it put back afterwards.
    monkeypatch.setenv("IP2P_NO_PLUGIN", "")
    line = CommandLine(tmp_path, monkeypatch)
    cli.build_app()  # plugins take their own `load_editor` now: one loaded later would keep the fake for good
    monkeypatch.setattr(api, "load_editor", line._load)
    monkeypatch.setattr(checkpoint, "open_checkpoint", lambda *arguments, **options: line.editor)
    return line
