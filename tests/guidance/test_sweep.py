"""`ip2p sweep` on the shipped model, with few steps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from ip2p_cli.cli import build_app
from tests.guidance.test_distance import scene


def sweep(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(build_app()[0], ["sweep", *words])
    return done.exit_code, done.stdout


def test_a_sheet_and_its_figures(tmp_path: Path) -> None:
    scene().save(tmp_path / "photo.png")
    options = ["-i", "make it night", "--text", "1,4", "--image", "1.2", "--seeds", "0,1", "--steps", "2"]
    code, said = sweep(str(tmp_path / "photo.png"), *options, "-o", str(tmp_path / "sheet.png"))
    assert code == 0
    cells = [json.loads(line) for line in said.splitlines()]
    assert [(cell["seed"], cell["text_guidance"], cell["image_guidance"]) for cell in cells] == [
        (0, 1.0, 1.2),
        (0, 4.0, 1.2),
        (1, 1.0, 1.2),
        (1, 4.0, 1.2),
    ]
    assert all(0 < cell["change"] <= 1 for cell in cells)
    sheet = Image.open(tmp_path / "sheet.png")
    assert sheet.width > 2 * 256 and sheet.height > 2 * 192


@pytest.mark.parametrize("wrong", [["--text", "1,x"], ["--image", "nan"], ["--seeds", "0.5"], ["-o", "sheet.txt"]])
def test_what_cannot_be_is_refused_before_anything_is_loaded(tmp_path: Path, wrong: list[str]) -> None:
    scene().save(tmp_path / "photo.png")
    code, said = sweep(str(tmp_path / "photo.png"), "-i", "x", "-o", str(tmp_path / "s.png"), *wrong)
    assert code != 0 and said == "" and not (tmp_path / "s.png").exists()


def test_a_sheet_that_is_there_is_kept(tmp_path: Path) -> None:
    scene().save(tmp_path / "photo.png")
    (tmp_path / "s.png").write_bytes(b"mine")
    code, _ = sweep(str(tmp_path / "photo.png"), "-i", "x", "-o", str(tmp_path / "s.png"))
    assert code != 0 and (tmp_path / "s.png").read_bytes() == b"mine"
