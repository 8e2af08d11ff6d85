"""`--jobs` and `--watch` of a whole command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.commands.conftest import CommandLine
from tests.commands.test_edit import tree
from tests.commands.test_signals import REPOSITORY
from tests.fakes import shifted
from tests.photos import gradient, save

FOG, NIGHT = 7 * len("add fog") + 40, 7 * len("make it night") + 40


def jobs(folder: Path, *rows: dict[str, Any]) -> str:
    (folder / "jobs.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return "jobs.jsonl"


def test_each_line_has_its_own(ip2p: CommandLine) -> None:
    for name in ("in/a.png", "in/sub/b.png"):
        save(ip2p.folder / name)
    file = jobs(
        ip2p.folder,
        {"source": "in/a.png", "instruction": "add fog"},
        {"source": "in/sub/b.png", "instruction": ["add fog", "make it night"], "seed": 1, "steps": 3},
        {"source": "in/a.png", "instruction": "make it night", "output": "{slug}/{stem}"},
        {"source": "in/a.png", "instruction": "add fog", "output": "v", "variants": 2},
        {"source": "in/gone.png", "instruction": "add fog"},
    )
    answer = ip2p("edit", "--jobs", file, "--steps", "5", "--json")
    statuses = [event.get("status") for event in answer.events]
    assert statuses == ["done", "done", "done", "done", "failed", "failed", None]
    assert answer.code == 1
    assert "(line 4)" in answer.events[4]["reason"], "both variants want one name"
    assert tree(ip2p.folder / "edited") == ["a.png", "make-it-night/a.png", "sub/b.png", "v.png"]
    assert Image.open("edited/a.png").tobytes() == shifted(gradient(), FOG).tobytes()
    assert Image.open("edited/make-it-night/a.png").tobytes() == shifted(gradient(), NIGHT).tobytes()
    assert Image.open("edited/sub/b.png").tobytes() == shifted(gradient(), (FOG + NIGHT + 2 * 31) % 256).tobytes()
    requests = {request.instruction: request for call in ip2p.editor.calls for request in call if request.seed == 1}
    assert requests["add fog"].steps == 3, "the line wins"
    assert {request.steps for call in ip2p.editor.calls for request in call if request.seed == 0} == {5}
    again = [event.get("status") for event in ip2p("edit", "--jobs", file, "--steps", "5", "--json").events]
    assert again == ["skipped", "skipped", "skipped", "skipped", "failed", "failed", None]


def test_a_sampler_by_another_of_its_names_is_the_same(ip2p: CommandLine) -> None:
    save(ip2p.folder / "a.png")
    statuses = []
    for name in ("k_euler_a", "Euler a", "euler_a"):
        file = jobs(ip2p.folder, {"source": "a.png", "instruction": "add fog", "sampler": name})
        statuses.append(ip2p("edit", "--jobs", file, "--json").events[0]["status"])
    assert statuses == ["done", "skipped", "skipped"]


def test_lines_may_leave_the_instruction_to_the_command(ip2p: CommandLine) -> None:
    save(ip2p.folder / "a.png")
    (ip2p.folder / "jobs.csv").write_text("source,seed\na.png,0\n")
    assert ip2p("edit", "--jobs", "jobs.csv", "-i", "add fog").code == 0
    assert Image.open("edited/a.png").tobytes() == shifted(gradient(), FOG).tobytes()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--jobs", "bad.csv"], "line 2: steps is 'x'"),
        (["--jobs", "sampler.csv"], "sampler 'eulr' is not known; did you mean"),
        (["--jobs", "good.csv", "a.png"], "--jobs names the photos itself"),
        (["--jobs", "good.csv", "-o", "b.png"], "--jobs needs a folder"),
        ([".", "--watch", "-i", "x", "-o", "b.png"], "--watch needs a folder"),
        ([".", "--watch", "-i", "x", "--dry-run"], "--watch has no end"),
        (["gone", "--watch", "-i", "x"], "no such file or folder"),
        (["--watch", "-i", "x"], "no photos given"),
    ],
)
def test_what_does_not_fit_together(ip2p: CommandLine, arguments: list[str], said: str) -> None:
    save(ip2p.folder / "a.png")
    (ip2p.folder / "good.csv").write_text("source,instruction\na.png,x\n")
    (ip2p.folder / "bad.csv").write_text("source,instruction,steps\na.png,x,x\n")
    (ip2p.folder / "sampler.csv").write_text("source,instruction,sampler\na.png,x,eulr\n")
    answer = ip2p("edit", *arguments)
    assert answer.code == 2
    assert said in answer.err
    assert not ip2p.loaded


def test_a_dry_run_of_jobs(ip2p: CommandLine) -> None:
    save(ip2p.folder / "a.png")
    file = jobs(ip2p.folder, {"source": "a.png", "instruction": "x", "output": "night"})
    answer = ip2p("edit", "--jobs", file, "--dry-run", "--json")
    assert answer.events[0]["output"].endswith("edited/night.png")
    assert answer.events[0]["status"] == "planned"


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """`ip2p edit . --watch --json` in a folder with one photo, whose outputs lie beside the photos."""
    save(tmp_path / "photos" / "a.png")
    (tmp_path / "photos" / "go").touch()
    path = os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "plugins")])
    options = ["-o", ".", "--name", "{stem}-new{ext}", "--watch", "--json", "--report", "../page.html"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.commands.blocking", "edit", ".", "-i", "add fog", *options],
        cwd=tmp_path / "photos",
        env={**os.environ, "PYTHONPATH": path, "XDG_CONFIG_HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_watched_folder(watching: subprocess.Popen[str], tmp_path: Path) -> None:
    folder = tmp_path / "photos"

    def event() -> tuple[str, str]:
        assert watching.stdout is not None
        told = json.loads(watching.stdout.readline())
        return Path(told.get("source", "")).name, told.get("status", told["event"])

    assert event() == ("a.png", "done"), "what is there counts too"
    whole = save(tmp_path / "b.png").read_bytes()
    with (folder / "b.png").open("wb") as file:  # arrives slowly
        for start in range(0, len(whole), -(-len(whole) // 4)):
            file.write(whole[start : start + -(-len(whole) // 4)])
            file.flush()
            time.sleep(0.3)
    assert event() == ("b.png", "done")
    (folder / "c.png").write_text("no photo")
    assert event() == ("c.png", "failed")
    os.replace(save(tmp_path / "c.png"), folder / "c.png")
    assert event() == ("c.png", "done"), "put right, it is done after all"
    time.sleep(2.5)
    watching.send_signal(signal.SIGINT)
    assert watching.wait(30) == 130
    assert event() == ("", "summary")
    assert sorted(path.name for path in folder.glob("*.png")) == [
        *("a-new.png", "a.png", "b-new.png", "b.png", "c-new.png", "c.png")
    ], "its own outputs are no photos"
    assert (tmp_path / "page.html").exists()
