"""`ip2p bias` end to end on a tiny random checkpoint, and on folders that a run has left."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from ip2p_bias import ip2p_register_commands
from ip2p_cli.api import UsageError
from tests.bias.planted import BLUE, RED, square
from tests.contracts.probe_contract import SKIN

LIGHT, DARK = SKIN[0], SKIN[4]


@pytest.fixture(scope="module")
def app() -> typer.Typer:
    made = typer.Typer()
    made.callback()(lambda: None)
    ip2p_register_commands(made)
    return made


def run(app: typer.Typer, *arguments: object) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    result = CliRunner().invoke(app, ["bias", *map(str, arguments)], catch_exceptions=False, standalone_mode=False)
    code = result.return_value if isinstance(result.return_value, int) else 0
    return code, result.stdout, result.stderr


def save(folder: Path, *colours: tuple[int, int, int], suffix: str = ".png") -> Path:
    """Plain pictures 00, 01 …; every one differs."""
    folder.mkdir(parents=True)
    for number, colour in enumerate(colours):
        square(colour, number).resize((48, 40), Image.Resampling.NEAREST).save(folder / f"{number:02}{suffix}")
    return folder


def figures_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "bias.json").read_text("utf-8"))
    return found


def test_an_audit_of_a_checkpoint(app: typer.Typer, tiny_checkpoint: Path, tmp_path: Path) -> None:
    photos, out = save(tmp_path / "photos", LIGHT, DARK, BLUE), tmp_path / "out"
    (tmp_path / "asks.txt").write_text("# scenes\nmake it night\n\n  add snow \nmake it night\n")
    options = ("--instructions", tmp_path / "asks.txt", "--probe", "ita", "--model", tiny_checkpoint, "-o", out)
    code, stdout, stderr = run(app, photos, *options, "--device", "cpu", "--steps", 2, "--seed", 3, "--json")
    figures = figures_of(out)
    assert code == 0
    assert json.loads(stdout) == figures
    assert [one["instruction"] for one in figures["instructions"]] == ["make it night", "add snow"]
    assert (figures["seed"], figures["steps"], figures["text_guidance"], figures["photos"]) == (3, 2, 3.0, 3)
    assert figures["null_instruction"] and figures["fingerprint"]
    before = figures["instructions"][0]["before"]
    assert before["very light"] + before["light"] == pytest.approx(1 / 3, abs=1e-3)
    assert before["dark"] == pytest.approx(1 / 3, abs=1e-3) == before["unknown"]
    records = [json.loads(line) for line in (out / "pairs.jsonl").read_text("utf-8").splitlines()]
    assert len(records) == 9
    assert {(one["photo"], one["before"]) for one in records} >= {("01.png", "dark"), ("02.png", "unknown")}
    assert sum(one["null"] for one in records) == 3
    assert "perceive" in stderr and "source groups" in stderr


def test_the_page_holds_all_it_shows_and_says_perceived(
    app: typer.Typer, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    photos = save(tmp_path / "photos", LIGHT, DARK)
    asked = 'make <b>it</b> "night"'
    (tmp_path / "asks.txt").write_text(asked + "\n")
    run(app, photos, "--instructions", tmp_path / "asks.txt", "--model", tiny_checkpoint, "-o", tmp_path, "--steps", 1)
    text = (tmp_path / "bias.html").read_text("utf-8")
    assert "<svg" in text and "data:image/webp" in text
    assert "<b>" not in text and "make &lt;b&gt;" in text
    assert "perceived" in text and "nobody&#x27;s identity" in text
    assert not re.search(r"(?:src|href)=\"(?!data:|#)", text)


def test_an_audit_of_folders(app: typer.Typer, tmp_path: Path) -> None:
    """Twenty light faces, all dark after `nurse`, as they were after `same`."""
    photos = save(tmp_path / "photos", *[LIGHT] * 20)
    save(tmp_path / "edited" / "nurse", *[DARK] * 20, suffix=".webp")
    save(tmp_path / "edited" / "snow", *[LIGHT] * 20)
    same = save(tmp_path / "same", *[LIGHT] * 20)
    code, _, _ = run(app, "--pairs", photos, tmp_path / "edited", "--null-edits", same, "-o", tmp_path / "out")
    nurse, snow = figures_of(tmp_path / "out")["instructions"]
    assert code == 0
    assert (nurse["instruction"], nurse["found"]) == ("nurse", ["shift"])
    assert nurse["moves"] == [{"before": "very light", "after": "dark", "photos": 20}]
    assert (snow["instruction"], snow["found"], snow["moves"]) == ("snow", [], [])
    assert figures_of(tmp_path / "out")["null_instruction"] == "same"


def test_names_that_are_no_utf8_are_audited(app: typer.Typer, tmp_path: Path) -> None:
    photos, edited = save(tmp_path / "photos", LIGHT, DARK), save(tmp_path / "edited" / "caf\udce9 $^$", LIGHT, DARK)
    for folder in (photos, edited):
        try:
            (folder / "00.png").rename(folder / "\udce9.png")
        except (OSError, UnicodeError):
            pytest.skip("this file system has UTF-8 only")
    code, _, _ = run(app, "--pairs", photos, tmp_path / "edited", "-o", tmp_path / "out")
    assert code == 0
    records = [json.loads(line) for line in (tmp_path / "out" / "pairs.jsonl").read_text("utf-8").splitlines()]
    assert {one["photo"] for one in records} == {"01.png", "\udce9.png"}
    assert "caf\\udce9 $^$" in (tmp_path / "out" / "bias.html").read_text("utf-8")


def test_folders_without_null_edits_say_that_drift_is_in_them(app: typer.Typer, tmp_path: Path) -> None:
    photos = save(tmp_path / "photos", LIGHT, DARK)
    edited = save(tmp_path / "edited", DARK, DARK)
    code, _, stderr = run(app, "--pairs", photos, edited, "-o", tmp_path / "out")
    assert code == 0
    assert "no null edits" in stderr
    assert figures_of(tmp_path / "out")["instructions"][0]["instruction"] == "edited"


def test_a_photo_that_is_there_twice_counts_once(app: typer.Typer, tmp_path: Path) -> None:
    """Copies have the same noise and the same edits: of twenty of them nothing more is known than of one."""
    photos = save(tmp_path / "photos", LIGHT, DARK)
    for number in range(20):
        (photos / f"copy{number}.png").write_bytes((photos / "00.png").read_bytes())
    edited = save(tmp_path / "edited", DARK, DARK)
    code, _, stderr = run(app, "--pairs", photos, edited, "-o", tmp_path / "out")
    figures = figures_of(tmp_path / "out")
    assert code == 0
    assert (figures["photos"], figures["instructions"][0]["photos"], len(figures["copies"])) == (2, 2, 20)
    assert "counted once: copy3.png = 00.png, the same file" in stderr


def test_a_missing_edit_is_a_failure_that_is_named(app: typer.Typer, tmp_path: Path) -> None:
    photos = save(tmp_path / "photos", LIGHT, DARK, DARK)
    edited = save(tmp_path / "edited", DARK, DARK)
    code, _, stderr = run(app, "--pairs", photos, edited, "-o", tmp_path / "out")
    [one] = figures_of(tmp_path / "out")["instructions"]
    assert code == 1
    assert (one["photos"], one["failed"]) == (2, 1)
    assert "02.png: no edit of 02.png is there" in stderr


def test_nobody_is_a_result(app: typer.Typer, tmp_path: Path) -> None:
    photos, edited = save(tmp_path / "photos", BLUE, BLUE), save(tmp_path / "edited", BLUE, RED)
    code, _, stderr = run(app, "--pairs", photos, edited, "--probe", "ita", "-o", tmp_path / "out")
    assert code == 0
    assert "the probe could tell the attribute of no photo" in stderr


def test_what_cannot_be_is_said_before_any_work(app: typer.Typer, tmp_path: Path) -> None:
    photos = save(tmp_path / "photos", LIGHT)
    other = save(tmp_path / "other", LIGHT, suffix=".jpg")
    (other / "00.jpg").rename(other / "something.jpg")
    empty = tmp_path / "empty.txt"
    empty.write_text("\n \n")
    cases: list[tuple[str, tuple[object, ...]]] = [
        ("name a folder of photos and --instructions", (photos,)),
        ("no line has an instruction", (photos, "--instructions", empty)),
        ("No such file", (photos, "--instructions", tmp_path / "none.txt")),
        ("no picture in .* is named like", ("--pairs", photos, other)),
        ("is no folder", ("--pairs", photos, tmp_path / "none")),
        ("leave .*photos out", (photos, "--pairs", photos, photos)),
        ("--null-edits belongs to --pairs", (photos, "--instructions", empty, "--null-edits", photos)),
        ("no probe is named", ("--pairs", photos, photos, "--probe", "itta", "-o", tmp_path / "out")),
        ("--bootstrap 399 is too few", ("--pairs", photos, photos, "--bootstrap", 399)),
    ]
    for said, arguments in cases:
        with pytest.raises(UsageError, match=said):
            run(app, *arguments)
