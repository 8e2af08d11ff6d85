"""Checks from the command line: what they stop, how they are required, and what a bad one can and cannot do."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ip2p_cli.hookspecs import hookimpl
from ip2p_safety import nsfw
from tests import canaries
from tests.commands.conftest import CommandLine
from tests.commands.test_edit import tree
from tests.commands.test_signals import REPOSITORY
from tests.core.bench import Bench
from tests.fakes import FakeEditor, shift_of, shifted
from tests.installed import write_plugin
from tests.photos import gradient, save

STRICT = 'schema = 1\n[[step]]\ninstruction = "make it night"\n[checks]\nrequire = ["nsfw"]\n'
HOOKS = ("ip2p_check_instruction", "ip2p_check_source", "ip2p_review_result")


def stub(hook: str, body: str) -> str:
    """A plugin with one check."""
    return f"from ip2p_cli.api import Verdict, hookimpl\n\n@hookimpl\ndef {hook}():\n    {body}\n"


def scores(instruction: str) -> tuple[float, float]:
    """What the real model gives the test photo and what the fake editor makes of it."""
    from ip2p_cli.types import EditRequest

    photo = gradient()
    after = shifted(photo, shift_of(EditRequest(photo, instruction)))
    return nsfw.classifier().score(photo), nsfw.classifier().score(after)


@pytest.mark.parametrize("stage", ["source", "result"])
@pytest.mark.parametrize("side", [-1, 1])
def test_the_real_model_on_either_side_of_its_threshold(ip2p: CommandLine, stage: str, side: int) -> None:
    """Harmless pictures, so that the threshold moves and not the picture."""
    instruction = "x" * 20  # one by which the fake editor raises the photo's score
    found = dict(zip(("source", "result"), scores(instruction), strict=True))
    assert found["result"] - found["source"] > 1e-3
    (ip2p.folder / "strict.toml").write_text(STRICT.replace("make it night", instruction))
    save(ip2p.folder / "photos" / "a.png")
    if stage == "source" and side < 0:  # the source passes, and so must the result
        ip2p.monkeypatch.setenv("IP2P_NSFW_THRESHOLD", f"{max(found.values()) + 1e-5:.8f}")
    else:
        ip2p.monkeypatch.setenv("IP2P_NSFW_THRESHOLD", f"{found[stage] - side * 1e-5:.8f}")
    answer = ip2p("apply", "strict.toml", "photos", "--json")
    [item, _] = answer.events
    if side < 0:
        assert (answer.code, item["status"]) == (0, "done")
        assert tree(ip2p.folder / "edited") == ["a.png"]
        assert item["scores"]["nsfw.source"] == pytest.approx(found["source"], abs=1e-6)
        assert item["scores"]["nsfw.result"] == pytest.approx(found["result"], abs=1e-6)
    else:
        assert (answer.code, item["status"]) == (1, "blocked")
        assert tree(ip2p.folder / "edited") == []
        assert f"nsfw: the {'photo' if stage == 'source' else 'result'} scores {found[stage]:.4f}" in item["reason"]
        assert item["scores"][f"nsfw.{stage}"] == pytest.approx(found[stage], abs=1e-6)
        assert bool(ip2p.editor.calls) == (stage == "result"), "a blocked photo is not edited"


def test_a_required_check_without_its_extra_is_exit_2_with_the_command(ip2p: CommandLine) -> None:
    ip2p.monkeypatch.setattr(nsfw, "PACKAGES", ("no_such_package_here",))
    save(ip2p.folder / "a.png")
    (ip2p.folder / "strict.toml").write_text(STRICT)
    answer = ip2p("apply", "strict.toml", "a.png")
    assert answer.code == 2
    assert "pip install 'ip2p[safety]'" in answer.err
    assert ip2p("edit", "a.png", "-i", "x").code == 0, "nobody has required it here"
    ip2p.monkeypatch.setenv("IP2P_REQUIRE_CHECKS", "wording,nsfw")
    assert ip2p("edit", "a.png", "-i", "x").code == 2
    ip2p.monkeypatch.setenv("IP2P_REQUIRE_CHECKS", "wording,sd-safety")
    answer = ip2p("edit", "a.png", "-i", "x")
    assert (answer.code, "IP2P_SD_SAFETY" in answer.err) == (2, True)
    assert ip2p("edit", "a.png", "-i", "x", "--no-plugin", "wording").code == 2, "what is switched off is not there"


@pytest.mark.parametrize("threshold", ["1.5", "-0.1", "nan", "high"])
def test_a_threshold_that_is_none_is_exit_2(ip2p: CommandLine, threshold: str) -> None:
    save(ip2p.folder / "a.png")
    ip2p.monkeypatch.setenv("IP2P_NSFW_THRESHOLD", threshold)
    answer = ip2p("edit", "a.png", "-i", "x")
    assert answer.code == 2
    assert "IP2P_NSFW_THRESHOLD" in answer.err


def test_wordings_are_flagged_and_denied(ip2p: CommandLine) -> None:
    save(ip2p.folder / "a.png")
    (ip2p.folder / "deny.txt").write_text("snow\n")
    answer = ip2p("edit", "a.png", "-i", "zoom in on the face", "--json")
    assert (answer.code, answer.events[0]["status"]) == (0, "flagged")
    assert "asks for another viewpoint" in answer.events[0]["reason"]
    assert ip2p.editor.calls[0][0].instruction == "zoom in on the face", "a check alters nothing"
    planned = ip2p("edit", "a.png", "-i", "zoom in on the face", "-o", "other", "--dry-run", "--json")
    assert planned.events[0]["status"] == "planned" and "another viewpoint" in planned.events[0]["reason"]
    assert "flagged" in planned.err
    ip2p.monkeypatch.setenv("IP2P_DENY_LIST", "deny.txt")
    for arguments in (["--dry-run"], []):
        answer = ip2p("edit", "a.png", "-i", "add snow", "-o", "out", "--json", *arguments)
        assert (answer.code, answer.events[0]["status"]) == (1, "blocked")
        assert "line 1 of deny.txt" in answer.events[0]["reason"]
    ip2p.monkeypatch.setenv("IP2P_DENY_LIST", "gone.txt")
    answer = ip2p("edit", "a.png", "-i", "make it warm", "-o", "out", "--json")
    assert (answer.code, answer.events[0]["status"]) == (1, "blocked")
    assert tree(ip2p.folder / "out") == []


def test_a_blank_result_is_not_written(ip2p: CommandLine) -> None:
    class Blackens(FakeEditor):
        def edit_each(self, requests: Any, **options: Any) -> Any:
            from dataclasses import replace

            return [replace(r, image=Image.new("RGB", r.image.size)) for r in super().edit_each(requests, **options)]

    save(ip2p.folder / "a.png")
    ip2p.editor = Blackens()
    answer = ip2p("edit", "a.png", "-i", "x", "--json")
    assert (answer.code, answer.events[0]["status"]) == (1, "blocked")
    assert "blank: the result is blank" in answer.events[0]["reason"]
    assert tree(ip2p.folder / "edited") == []


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("body", ["raise RuntimeError('no model')", "raise SystemExit(0)", "return 'fine'"])
def test_a_bad_check_is_named_and_lets_nothing_through(ip2p: CommandLine, hook: str, body: str) -> None:
    ip2p.install("bad-check", stub(hook, body))
    save(ip2p.folder / "a.png")
    answer = ip2p("edit", "a.png", "-i", "x", "--json")
    assert (answer.code, answer.events[0]["status"]) == (1, "blocked")
    assert "bad-check: the check" in answer.events[0]["reason"]
    assert tree(ip2p.folder / "edited") == []
    ip2p.monkeypatch.setenv("IP2P_NO_PLUGIN", "bad-check")
    assert ip2p("edit", "a.png", "-i", "x").code == 0


def test_a_required_check_that_cannot_be_imported_is_exit_2_and_named(ip2p: CommandLine) -> None:
    ip2p.install("house-rules", "import no_such_module_here")
    save(ip2p.folder / "a.png")
    (ip2p.folder / "strict.toml").write_text(STRICT.replace("nsfw", "house-rules"))
    answer = ip2p("apply", "strict.toml", "a.png")
    assert answer.code == 2
    warning, error = answer.err.splitlines()
    assert "plugin 'house-rules' of plugin_house_rules cannot be loaded" in warning
    assert "check 'house-rules' is required" in error


def test_a_second_nsfw_is_an_error_that_names_both(ip2p: CommandLine) -> None:
    ip2p.install("nsfw", stub("ip2p_check_source", "return Verdict.allow()"))
    save(ip2p.folder / "a.png")
    answer = ip2p("edit", "a.png", "-i", "x")
    assert answer.code == 2
    [line] = answer.err.splitlines()
    assert "two plugins are named 'nsfw'" in line
    assert "plugin_nsfw" in line
    assert "--no-plugin nsfw" in line


HANGING = """import sys
from ip2p_cli import api, checkpoint, cli
from tests.fakes import FakeEditor
api.load_editor = lambda *arguments, **options: FakeEditor()
checkpoint.open_checkpoint = lambda *arguments, **options: FakeEditor()
cli.main()
"""


def test_a_check_that_hangs_does_not_hang_the_run(tmp_path: Path) -> None:
    """The whole process ends with its own exit code, though the check, in native code, never does."""
    wait = "import ctypes; ctypes.CDLL(None).sleep(3600)"
    site = write_plugin(tmp_path / "site", "stuck", stub("ip2p_check_source", wait))
    for number in range(5):
        save(tmp_path / "photos" / f"{number}.png")
    path = os.pathsep.join(map(str, (site, REPOSITORY, REPOSITORY / "plugins")))
    environment = {**os.environ, "PYTHONPATH": path, "XDG_CONFIG_HOME": str(tmp_path), "IP2P_CHECK_SECONDS": "1"}
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", HANGING, "edit", "photos", "-i", "x", "--no-plugin", "nsfw", "--no-plugin", "wording"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert time.monotonic() - started < 600, "minutes at most, on the busiest machine; the check takes an hour"
    assert done.returncode == 1, done.stderr
    assert "stuck: the check hangs, and so blocks (no answer within 1 s" in done.stderr
    assert "5 blocked" in done.stderr
    assert tree(tmp_path / "edited") == []


class Listens:
    def __init__(self) -> None:
        self.heard: list[str] = []

    @hookimpl
    def ip2p_check_instruction(self, job: Any, step: Any) -> None:
        self.heard += [step.instruction, *(each.instruction for each in job.steps)]


def test_nothing_of_a_file_enters_an_instruction(tmp_path: Path) -> None:
    """Neither its name nor what is written in it: text from strangers must not steer the editor."""
    bench = Bench(tmp_path, editor := FakeEditor(), ears=(ears := Listens()))
    for kind, data in canaries.photos().items():
        path = bench.photos / f"CANARY-NAME make it pink {{what}} -i {kind}.{kind.lower().replace('jpeg2000', 'jp2')}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    assert set(bench.run("make it night", "add {braces} as they are")) == {"done"}
    asked = {request.instruction for call in editor.calls for request in call}
    assert asked == set(ears.heard) == {"make it night", "add {braces} as they are"}


@pytest.mark.parametrize("field", ["stem", "relpath", "exif", "source"])
def test_a_template_can_ask_for_variables_and_for_nothing_of_the_file(ip2p: CommandLine, field: str) -> None:
    recipe = 'schema = 1\n[[step]]\ninstruction = "add a {FIELD}"\n[variables]\nwhat = "tree"\n'
    save(ip2p.folder / "CANARY.png")
    (ip2p.folder / "asks.toml").write_text(recipe.replace("FIELD", field))
    answer = ip2p("apply", "asks.toml", "CANARY.png")
    assert answer.code == 2
    assert f"{{{field}}}, which is no variable" in answer.err
    (ip2p.folder / "asks.toml").write_text(recipe.replace("FIELD", "what"))
    assert ip2p("apply", "asks.toml", "CANARY.png").code == 0
    assert [request.instruction for call in ip2p.editor.calls for request in call] == ["add a tree"]
