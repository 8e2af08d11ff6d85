"""`--report` and `--contact-sheet` of a whole command."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

from tests.commands.conftest import CommandLine
from tests.commands.test_signals import hear, running
from tests.photos import encoded, gradient, save
from tests.report.pages import read_page

__all__ = ["running"]  # a fixture


def test_every_item_is_on_the_page(ip2p: CommandLine) -> None:
    for name in "ab":
        save(ip2p.folder / "photos" / f"{name}.png")
    (ip2p.folder / "photos" / "bad.png").write_text("no image")
    command = ("edit", "photos", "-i", "make it night", "--steps", "9", "--seed", "5", "--report", "r/page.html")
    assert ip2p(*command, "--contact-sheet", "r/sheet.jpg").code == 1
    page = read_page(ip2p.folder / "r" / "page.html")
    assert [(item["name"], item["status"]) for item in page["items"]] == [
        ("a.png", "done"),
        ("b.png", "done"),
        ("bad.png", "failed"),
    ]
    assert page["items"][0]["chain"] == [{"instruction": "make it night", "steps": 9}]
    assert page["run"]["defaults"]["text_guidance"] == 7.5
    assert page["run"]["stopped"] is False
    assert len(page["items"][0]["pictures"]) == 2
    assert (ip2p.folder / "r" / "sheet.jpg").exists()
    assert ip2p(*command).code == 1
    again = read_page(ip2p.folder / "r" / "page.html")
    assert [item["status"] for item in again["items"]] == ["skipped", "skipped", "failed"]
    assert "pictures" in again["items"][0]


def test_a_sheet_among_the_photos_is_no_photo(ip2p: CommandLine) -> None:
    save(ip2p.folder / "a.png")
    for _ in range(2):
        assert ip2p("edit", ".", "-i", "x", "--contact-sheet", "sheet.jpg").code == 0
    assert not (ip2p.folder / "edited" / "sheet.jpg").exists()


def test_what_cannot_be_written_is_said_before_a_model_is_loaded(ip2p: CommandLine) -> None:
    photo = save(ip2p.folder / "a.jpg")
    before = photo.read_bytes()
    for option, name in (("--report", "page.txt"), ("--contact-sheet", "a.jpg"), ("--contact-sheet", "s.gif")):
        answer = ip2p("edit", "a.jpg", "-i", "x", option, name)
        assert answer.code == 2
        assert option in answer.err
    assert photo.read_bytes() == before
    assert not ip2p.loaded


def test_a_dry_run_writes_no_page(ip2p: CommandLine) -> None:
    save(ip2p.folder / "a.png")
    assert ip2p("edit", "a.png", "-i", "x", "--dry-run", "--report", "page.html").code == 0
    assert not (ip2p.folder / "page.html").exists()


def test_a_photo_from_stdin(ip2p: CommandLine) -> None:
    answer = ip2p("edit", "-", "-i", "x", "-o", "b.png", "--report", "p.html", stdin=encoded(gradient(), "PNG"))
    assert answer.code == 0
    [item] = read_page(ip2p.folder / "p.html")["items"]
    assert len(item["pictures"]) == 2


def test_a_run_that_the_device_ends_leaves_its_page(ip2p: CommandLine) -> None:
    save(ip2p.folder / "a.png")
    assert ip2p("edit", "a.png", "-i", "device lost", "--report", "p.html").code == 4
    assert read_page(ip2p.folder / "p.html")["items"] == []


def test_a_run_that_is_stopped_leaves_its_page(running: subprocess.Popen[str], tmp_path: Path) -> None:
    hear(running, signal.SIGINT)
    (tmp_path / "go").touch()
    assert running.wait() == 130
    page = read_page(tmp_path / "page.html")
    assert [item["name"] for item in page["items"]] == ["a.png", "b.png"], "two batches were at the editor"
    assert page["run"]["stopped"] is True
    assert not list(tmp_path.glob(".ip2p-*"))
