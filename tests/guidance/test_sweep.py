"""`ip2p sweep`: cells are what `ip2p edit` would write, checks and all."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ip2p_cli import cli
from tests.commands.conftest import CommandLine
from tests.guidance.test_distance import scene

SCALES = ("--text", "1,4", "--image", "1.2")


@pytest.fixture
def photo(ip2p: CommandLine) -> str:
    scene().save(ip2p.folder / "photo.png")
    return "photo.png"


def cells(out: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_a_sheet_and_its_figures(ip2p: CommandLine, photo: str) -> None:
    answer = ip2p("sweep", photo, "-i", "make it night", *SCALES, "--seeds", "0,1", "-o", "new/sheet.png")
    assert answer.code == 0
    found = cells(answer.out)
    assert [(cell["seed"], cell["text_guidance"], cell["image_guidance"]) for cell in found] == [
        (0, 1.0, 1.2),
        (0, 4.0, 1.2),
        (1, 1.0, 1.2),
        (1, 4.0, 1.2),
    ]
    assert all(0 < cell["change"] <= 1 and cell["status"] == "done" for cell in found)
    sheet = Image.open(ip2p.folder / "new" / "sheet.png")
    assert sheet.width >= 2 * 256 and sheet.height > 3 * 192


def test_a_cell_is_what_its_command_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the shipped model, with a default of the user's that the command has to tell."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IP2P_STEPS", "2")
    monkeypatch.setenv("IP2P_SIZE", "128")
    monkeypatch.setenv("IP2P_SAMPLER", "euler_a")
    scene().save("a photo.png")
    chain = ("-i", "make it night", "-i", "add snow")
    assert cli.run(["sweep", "a photo.png", *chain, *SCALES, "--seeds", "3", "-o", "sheet.png"]) == 0
    last = cells(capsys.readouterr().out.encode())[-1]
    for variable in ("IP2P_STEPS", "IP2P_SIZE", "IP2P_SAMPLER"):
        monkeypatch.delenv(variable)
    command = shlex.split(last["command"])
    assert command[:3] == ["ip2p", "edit", "a photo.png"]
    assert cli.run([*command[1:], "--json", "-o", "out.png"]) == 0
    event = json.loads(capsys.readouterr().out.splitlines()[0])
    assert event["settings"][0] == {"steps": 2, "text_guidance": 4.0, "image_guidance": 1.2, "sampler": "euler_a"}
    assert event["scores"]["guidance.distance"] == pytest.approx(last["change"], abs=1e-6)
    written, sheet = np.asarray(Image.open("out.png")), np.asarray(Image.open("sheet.png"))
    shown = np.asarray(Image.fromarray(written).resize((256, 192), Image.Resampling.LANCZOS))
    assert (sheet[-192 - 6 : -6, 268 : 268 + 256] == shown).all()


def test_the_defaults_are_the_users_and_then_the_checkpoints(
    ip2p: CommandLine,
    photo: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("IP2P_TEXT_GUIDANCE", "5")
    monkeypatch.setenv("IP2P_STEPS", "7")
    monkeypatch.setenv("IP2P_SEED", "9")
    monkeypatch.setenv("IP2P_MODEL", "other")
    found = cells(ip2p("sweep", photo, "-i", "make it night").out)
    assert sorted({cell["text_guidance"] for cell in found}) == [3.0, 5.0, 8.0, 12.0]
    assert sorted({cell["image_guidance"] for cell in found}) == [1.2, 1.5, 1.9, 2.3]
    assert {cell["seed"] for cell in found} == {9}
    requests = [request for call in ip2p.editor.calls for request in call]
    assert {(request.steps, request.sampler) for request in requests} == {(7, "ddim")}
    assert len({request.source_digest for request in requests}) == 1 and requests[0].source_digest is not None
    assert [name for name, _ in ip2p.loaded] == ["other"]


CHECK = """
from ip2p_cli.api import Verdict, hookimpl

def _said(text):
    return Verdict.block("not here") if text else Verdict.allow()

@hookimpl
def ip2p_check_instruction(step):
    return _said("bad words" in step.instruction)

@hookimpl
def ip2p_check_source(job, image):
    return _said(image.getpixel((0, 0)) == (1, 2, 4))

@hookimpl
def ip2p_review_result(job):
    return _said(job.steps[0].settings.text_guidance == 4.0)
"""


def test_a_blocked_result_is_an_empty_cell(ip2p: CommandLine, photo: str) -> None:
    ip2p.install("strict", CHECK)
    answer = ip2p("sweep", photo, "-i", "x", *SCALES, "-o", "sheet.png")
    assert answer.code == 1
    kept, blocked = cells(answer.out)
    assert (kept["status"], blocked["status"], blocked["reason"]) == ("done", "blocked", "strict: not here")
    assert "strict: not here" in answer.err and "1 of 2 cells" in answer.err
    pixels = np.asarray(Image.open(ip2p.folder / "sheet.png"))
    assert (pixels[-192 - 6 : -6, 268 : 268 + 256] == 211).all(), "grey, and nothing of the picture"
    assert pixels[-192 - 6 : -6, 6 : 6 + 256].std() > 10


@pytest.mark.parametrize("stage", ["instruction", "photo"])
def test_what_is_blocked_before_it_is_edited_leaves_no_sheet_and_loads_no_model(
    ip2p: CommandLine, photo: str, stage: str
) -> None:
    ip2p.install("strict", CHECK)
    if stage == "photo":
        Image.new("RGB", (40, 30), (1, 2, 4)).save(ip2p.folder / photo)
    answer = ip2p("sweep", photo, "-i", "bad words" if stage == "instruction" else "x", *SCALES, "-o", "sheet.png")
    assert (answer.code, ip2p.loaded) == (1, [])
    assert {cell["status"] for cell in cells(answer.out)} == {"blocked"}
    assert not (ip2p.folder / "sheet.png").exists()


def test_a_check_that_the_user_requires_has_to_be_there(
    ip2p: CommandLine, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IP2P_REQUIRE_CHECKS", "nowhere")
    answer = ip2p("sweep", photo, "-i", "x", "-o", "sheet.png")
    assert (answer.code, ip2p.loaded) == (2, [])
    assert "nowhere" in answer.err


def test_a_result_that_is_not_finite_costs_its_cell_only(ip2p: CommandLine, photo: str) -> None:
    answer = ip2p("sweep", photo, "-i", "nan", *SCALES, "-o", "sheet.png")
    assert answer.code == 1
    assert {(cell["status"], cell["change"]) for cell in cells(answer.out)} == {("failed", None)}


@pytest.mark.parametrize("wrong", [["--text", "1,x"], ["--image", "nan"], ["--seeds", "0.5"], ["-o", "sheet.txt"]])
def test_what_cannot_be_is_refused_before_anything_is_loaded(
    ip2p: CommandLine,
    photo: str,
    wrong: list[str],
) -> None:
    answer = ip2p("sweep", photo, "-i", "x", "-o", "s.png", *wrong)
    assert (answer.code, answer.out, ip2p.loaded) == (2, b"", [])
    assert not (ip2p.folder / "s.png").exists()


@pytest.mark.parametrize("case", ["there", "the photo", "a folder", "under a file", "no photo"])
def test_where_no_sheet_can_be_is_said_before_anything_is_loaded(ip2p: CommandLine, photo: str, case: str) -> None:
    (ip2p.folder / "s.png").write_bytes(b"mine")
    (ip2p.folder / "folder.png").mkdir()
    asked = {
        "there": [photo, "-o", "s.png"],
        "the photo": [photo, "-o", photo, "--overwrite"],
        "a folder": [photo, "-o", "folder.png", "--overwrite"],
        "under a file": [photo, "-o", "s.png/sheet.png"],
        "no photo": ["nowhere.png", "-o", "sheet.png"],
    }
    before = (ip2p.folder / photo).read_bytes()
    answer = ip2p("sweep", "-i", "x", *SCALES, *asked[case])
    assert (answer.code, answer.out, ip2p.loaded) == (2, b"", [])
    assert (ip2p.folder / "s.png").read_bytes() == b"mine"
    assert (ip2p.folder / photo).read_bytes() == before
