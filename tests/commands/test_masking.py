"""`--mask` and `--mask-out` on the command line."""

from __future__ import annotations

import pytest
from PIL import Image

from tests.commands.conftest import CommandLine
from tests.photos import save


@pytest.fixture
def masked(ip2p: CommandLine) -> CommandLine:
    """A photo, and a mask for it."""
    save(ip2p.folder / "photos" / "a.png")
    save(ip2p.folder / "mask.png", Image.new("L", (40, 30), 255))
    return ip2p


def test_a_mask_that_is_not_there_is_said_before_anything_is_done(masked: CommandLine) -> None:
    answer = masked("edit", "photos", "-i", "x", "--mask", "no.png")
    assert answer.code == 2 and "--mask no.png: there is no such file or folder" in answer.err
    assert not (masked.folder / "edited").exists()


@pytest.mark.parametrize("dry_run", [[], ["--dry-run"]])
def test_a_folder_for_masks_where_nothing_makes_any_is_a_wrong_command(masked: CommandLine, dry_run: list[str]) -> None:
    answer = masked("edit", "photos", "-i", "x", "--mask-out", "seen", *dry_run)
    assert answer.code == 2 and "add --mask or --auto-mask" in answer.err
    assert masked("edit", "photos", "-i", "x", "--mask-out", "mask.png", "--auto-mask", *dry_run).code == 2


def test_a_folder_that_cannot_be_made_is_said_before_a_model_is_loaded(masked: CommandLine) -> None:
    (masked.folder / "file").touch()
    command = ("edit", "photos", "-i", "x", "--auto-mask", "--mask-out", "file/seen", "--json")
    answer = masked(*command)
    assert answer.code == 2 and "file/seen" in answer.err and not answer.events


def test_a_recipe_may_be_what_makes_them(masked: CommandLine) -> None:
    recipe = masked.folder / "r.toml"
    recipe.write_text('schema = 1\nname = "r"\n[[step]]\ninstruction = "x"\nauto_mask = true\n')
    assert masked("apply", "r.toml", "photos", "--mask-out", "seen").code == 0


def test_so_may_a_line_of_a_jobs_file(masked: CommandLine) -> None:
    (masked.folder / "jobs.csv").write_text("source,instruction\nphotos/a.png,x\n")
    assert masked("edit", "--jobs", "jobs.csv", "--auto-mask", "--mask-out", "seen").code == 0


def test_masks_that_were_written_are_no_photos(masked: CommandLine) -> None:
    command = ("edit", "photos", "-r", "-i", "x", "--mask", "mask.png", "--mask-out", "photos/seen", "--json")
    assert [event.get("status") for event in masked(*command).events] == ["done", None]
    assert (masked.folder / "photos" / "seen" / "a.png.png").exists()
    assert [event.get("status") for event in masked(*command).events] == ["skipped", None]
    assert len(masked("edit", "photos/**/*.png", "-i", "y", "-o", "other", "--json").events) == 2


def test_what_can_stand_on_stdout_has_its_mask_too(masked: CommandLine) -> None:
    photo = (masked.folder / "photos" / "a.png").read_bytes()
    answer = masked("edit", "-", "-i", "x", "-o", "-", "--mask", "mask.png", "--mask-out", "seen", stdin=photo)
    assert answer.code == 0 and answer.out[:4] == b"\x89PNG"
    assert [path.name for path in (masked.folder / "seen").iterdir()] == ["stdin.png.png"]
