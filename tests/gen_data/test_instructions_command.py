"""`ip2p gen-data instructions` and `finetune-lm`, as one types them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ip2p_cli import plugin_manager
from ip2p_cli.api import CaptionTask, DataEngine, EditAnswer, Verdict, hookimpl
from ip2p_gen_data import generate
from ip2p_gen_data.compose.engine import ComposeConfig, ComposeEngine
from ip2p_gen_data.instructions.shards import read_rows, shard_file
from ip2p_gen_data.world.edits import apply
from tests.commands.conftest import CommandLine
from tests.gen_data.openai_server import Asked, Reply, good, serving

CAPTIONS = [f"a house, number {number}" for number in range(300)]


class Painter:
    """What a plugin with an engine without a model looks like."""

    @hookimpl
    def ip2p_register_data_engines(self) -> dict[str, DataEngine]:
        def answer(tasks: list[CaptionTask]) -> list[EditAnswer]:
            return [EditAnswer("paint it red", task.caption.replace("a ", "a red ", 1)) for task in tasks]

        return {"painter": DataEngine("instructions", lambda options: answer), "pairs": DataEngine("pairs", dict)}

    @hookimpl
    def ip2p_check_instruction(self, step: object) -> Verdict | None:
        return Verdict.block("unlucky") if "13" in str(step) else None


@pytest.fixture
def captions(tmp_path: Path) -> Path:
    path = tmp_path / "captions.txt"
    path.write_text("\n".join(CAPTIONS))
    return path


def install(monkeypatch: pytest.MonkeyPatch, *plugins: object) -> None:
    """Register plugins beside the built-in ones."""
    original = plugin_manager.create_plugin_manager

    def create(*arguments: object) -> plugin_manager.PluginManager:
        manager = original(*arguments)  # type: ignore[arg-type]
        for plugin in plugins:
            manager.register(plugin, f"outsider-{id(plugin)}")
        return manager

    monkeypatch.setattr(plugin_manager, "create_plugin_manager", create)


def test_an_engine_of_a_plugin_and_its_text_check(
    ip2p: CommandLine, captions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, Painter())
    answer = ip2p(
        "gen-data", "instructions", "-o", "data", "--captions", str(captions), "--lm", "painter", "--limit", "200"
    )
    assert answer.code == 0, answer.err
    rows = list(read_rows(ip2p.folder / "data"))
    assert [row["input"] for row in rows] == [c for c in CAPTIONS[:200] if "13" not in c]
    assert answer.out == b""
    assert answer.err.splitlines()[-1].endswith(
        f"{len(rows)} kept, {200 - len(rows)} rejected; {200 - len(rows)} blocked"
    )
    again = ip2p(
        "gen-data", "instructions", "-o", "data", "--captions", str(captions), "--lm", "painter", "--limit", "200"
    )
    assert len(again.err.splitlines()) == 1  # nothing left to do
    other = ip2p(
        "gen-data", "instructions", "-o", "data", "--captions", str(captions), "--lm", "painter", "--seed", "1"
    )
    assert other.code == 2
    assert "other settings (captions, rows, seed)" in other.err


def test_two_plugins_with_one_engine_are_both_named(
    ip2p: CommandLine, captions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, Painter(), Painter())
    answer = ip2p("gen-data", "instructions", "--captions", str(captions), "--lm", "painter")
    assert answer.code == 2
    assert "instructions engine 'painter' is registered by two plugins" in answer.err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--captions", "captions.txt", "--lm", "gramar"], "unknown --lm 'gramar'; there are: grammar, local, openai"),
        (["--captions", "captions.txt"], "knows only the world's captions, not 'a house, number 0'; give --lm-model"),
        (["--captions", "none.txt"], "none.txt does not exist"),
        (["--captions", "empty.txt"], "empty.txt holds no captions"),
    ],
)
def test_wrong_commands_are_one_line_and_exit_2(
    ip2p: CommandLine,
    captions: Path,
    arguments: list[str],
    complaint: str,
) -> None:
    (captions.parent / "empty.txt").write_text("\n \n")
    answer = ip2p("gen-data", "instructions", *arguments)
    assert answer.code == 2
    assert complaint in answer.err
    assert len(answer.err.splitlines()) == 1
    assert not (ip2p.folder / "ip2p-data").exists()


def test_the_group_is_still_a_command(ip2p: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    monkeypatch.setattr(generate, "generate", lambda *given: made.append(given) or 1)
    answer = ip2p(
        "gen-data", "--engine", "compose", "-o", "data", "-n", "3", "--size", "64", "--seed", "2", "--workers", "1"
    )
    assert answer.code == 0, answer.err
    assert answer.err == "data: 3 pairs in 1 shards\n"
    assert made == [(Path("data"), ComposeEngine((), (), ComposeConfig(size=64, seed=2)), 3, 500, 1)]


def test_options_that_would_do_nothing_are_refused(ip2p: CommandLine) -> None:
    before = ip2p("gen-data", "--seed", "2", "instructions", "--captions", "x.txt")
    assert before.code == 2
    assert "--seed stands before 'instructions'" in before.err
    compose = ip2p("gen-data", "--photos", "x", "--captions", "x.txt")
    assert compose.code == 2
    assert "--captions is an option of --engine p2p" in compose.err
    p2p = ip2p("gen-data", "--engine", "p2p", "--size", "64")
    assert p2p.code == 2
    assert "--size is an option of --engine compose" in p2p.err


def test_openai_from_the_command_line(ip2p: CommandLine, captions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    arguments = ["--captions", str(captions), "--lm", "openai", "--lm-model", "m", "--limit", "20"]

    def refusing(asked: Asked, before: int) -> Reply:
        return Reply(401, b"sk-secret is wrong")

    with serving(refusing) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        refused = ip2p("gen-data", "instructions", *arguments)
    with serving(good) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        done = ip2p("gen-data", "instructions", *arguments)
    assert (refused.code, done.code) == (2, 0)
    assert "*** is wrong" in refused.err
    assert "sk-secret" not in refused.err + done.err
    assert len(list(read_rows(ip2p.folder / "ip2p-data"))) == 20
    assert not [p for p in ip2p.folder.rglob("*") if p.is_file() and b"sk-secret" in p.read_bytes()]


def test_tune_then_write(ip2p: CommandLine, tiny_lm: Path, tmp_path: Path) -> None:
    lesson = [
        {"input": f"a {n}", "edit": "make it red", "output": f"a red {n}"} for n in ("barn", "cat", "boat", "hat")
    ]
    (tmp_path / "lesson.jsonl").write_text("\n".join(json.dumps(row) for row in lesson))
    (tmp_path / "captions.txt").write_text("\n".join(row["input"] for row in lesson))
    tune = ["gen-data", "finetune-lm", "lesson.jsonl", "--base", str(tiny_lm), "-o", "lm", "--batch-size", "4"]
    answer = ip2p(*tune, "--epochs", "60", "--learning-rate", "0.01")
    assert answer.code == 0, answer.err
    assert "step 60/60" in answer.err
    other = ip2p(*tune, "--epochs", "61", "--learning-rate", "0.01")
    assert (other.code, "other settings" in other.err) == (2, True)
    wrote = ip2p("gen-data", "instructions", "--captions", "captions.txt", "--lm-model", "lm", "-o", "data")
    assert wrote.code == 0, wrote.err
    rows = [*read_rows(tmp_path / "data"), *read_rows(tmp_path / "data", rejected=True)]
    assert sorted(row["row"] for row in rows) == [0, 1, 2, 3]
    assert {row["edit"] for row in read_rows(tmp_path / "data")} >= {"make it red"}


def test_a_killed_process_leaves_what_the_same_command_finishes(tmp_path: Path, captions: Path) -> None:
    def begin(folder: str, url: str) -> subprocess.Popen[bytes]:
        arguments = ["--captions", str(captions), "--lm", "openai", "--lm-model", "m", "-o", str(tmp_path / folder)]
        return subprocess.Popen(
            [sys.executable, "-m", "ip2p_cli", "gen-data", "instructions", *arguments],
            env={**os.environ, "OPENAI_BASE_URL": url, "OPENAI_API_KEY": "k"},
        )

    def stalling(asked: Asked, before: int) -> Reply:
        return Reply(hang=True) if asked.caption == CAPTIONS[200] else good(asked, before)

    with serving(stalling) as server:
        process = begin("cut", server.url)
        while not shard_file(tmp_path / "cut", 0).exists():  # the second shard never is
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
    with serving(good) as server:
        assert begin("cut", server.url).wait() == 0
        assert len({asked.caption for asked in server.asked}) == len(server.asked) == 172
        assert begin("whole", server.url).wait() == 0
    assert list(read_rows(tmp_path / "cut")) == list(read_rows(tmp_path / "whole"))
    assert [row["input"] for row in read_rows(tmp_path / "cut")] == CAPTIONS


def test_the_grammar_engine_edits_captions_of_the_world_and_refuses_others(ip2p: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "world.txt").write_text("by day, a red ball on the grass\na portrait of a lady\n")
    answer = ip2p("gen-data", "instructions", "-o", "data", "--captions", "world.txt", "--lm", "grammar")
    assert answer.code == 0, answer.err
    [row] = read_rows(tmp_path / "data")
    assert row["output"] == str(apply(row["edit"], row["input"]))
    [refused] = read_rows(tmp_path / "data", rejected=True)
    assert refused["input"] == "a portrait of a lady"
    assert "not a caption of the world" in refused["tries"][0]["detail"]
