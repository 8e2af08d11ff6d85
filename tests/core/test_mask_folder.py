"""`--mask-out`: names, what is there already, and what a hard stop leaves."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ip2p_cli.claims import OnExists
from ip2p_cli.errors import ItemError, UsageError
from ip2p_cli.images import decode
from ip2p_cli.mask_folder import MaskFolder, is_written_mask
from ip2p_cli.masks import GivenMasks
from ip2p_cli.types import EditRequest, EditResult
from tests.core.bench import Bench
from tests.fakes import FakeEditor
from tests.photos import gradient, save


class MasksHalf(FakeEditor):
    """Gives a mask that is white on the side that its instruction names, as an editor with `auto_mask` would."""

    def _edit(self, request: EditRequest, full_resolution: bool) -> Any:
        made = super()._edit(request, full_resolution)
        assert isinstance(made, EditResult)
        width, height = made.image.size
        mask = Image.new("L", (width, height), 0)
        mask.paste(255, (0, 0, width // 2, height) if request.instruction == "left" else (0, 0, width, height // 2))
        return replace(made, mask=mask)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    for number in range(2):
        save(tmp_path / "photos" / f"{number}.jpg", gradient(20, 16))
    return Bench(tmp_path, MasksHalf())


@pytest.fixture
def seen(tmp_path: Path) -> Path:
    return tmp_path / "seen"


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def paint(path: Path) -> bytes:
    """A mask of somebody's own; its bytes."""
    save(path, Image.new("L", (20, 16), 77))
    return path.read_bytes()


def test_a_mask_is_named_after_its_output_and_shows_what_was_let_change(bench: Bench, seen: Path) -> None:
    save(bench.photos / "0.png", gradient(20, 16))
    assert bench.run("left", mask_folder=seen) == ["done"] * 3
    assert names(seen) == ["0.jpg.png", "0.png.png", "1.jpg.png"]
    mask = Image.open(seen / "0.png.png")
    assert (mask.mode, mask.size) == ("L", (20, 16))
    assert mask.getpixel((9, 15)) == 255 and mask.getpixel((10, 0)) == 0


def test_each_variant_has_its_own(bench: Bench, seen: Path) -> None:
    assert bench.run("left", variants=2, mask_folder=seen) == ["done"] * 4
    assert names(seen) == ["0-0.jpg.png", "0-1.jpg.png", "1-0.jpg.png", "1-1.jpg.png"]


def test_of_a_chain_it_shows_where_any_step_may_have_changed(bench: Bench, seen: Path) -> None:
    assert bench.run("left", "top", mask_folder=seen) == ["done"] * 2
    mask = Image.open(seen / "0.jpg.png")
    at = {point: mask.getpixel(point) for point in ((0, 15), (19, 0), (19, 15))}
    assert at == {(0, 15): 255, (19, 0): 255, (19, 15): 0}


def test_it_can_be_given_again(bench: Bench, seen: Path) -> None:
    save(bench.photos / "0.png", gradient(20, 16))
    bench.run("left", mask_folder=seen)
    again = Bench(bench.photos.parent)
    again.out = seen.with_name("again")
    assert again.run("left", masks=GivenMasks(seen, decode)) == ["done"] * 3


def test_an_edit_without_a_mask_leaves_no_file(bench: Bench, seen: Path) -> None:
    bench.editor = FakeEditor()
    assert bench.run("x", mask_folder=seen) == ["done"] * 2
    assert not seen.exists()


def test_what_is_skipped_writes_none(bench: Bench, seen: Path) -> None:
    bench.run("left")
    assert bench.run("left", mask_folder=seen) == ["skipped"] * 2
    assert not seen.exists()


@pytest.mark.parametrize("on_exists", [OnExists.RESUME, OnExists.ERROR])
def test_no_mask_of_another_is_overwritten_and_no_edit_made_in_vain(
    bench: Bench, seen: Path, on_exists: OnExists
) -> None:
    painted = paint(seen / "0.jpg.png")
    assert bench.run("left", on_exists=on_exists, mask_folder=seen) == ["failed", "done"]
    assert "0.jpg.png exists" in str(bench.recorder.outcomes[0].reason)
    assert "--mask-out" in str(bench.recorder.outcomes[0].reason)
    assert (seen / "0.jpg.png").read_bytes() == painted
    assert sum(len(call) for call in bench.editor.calls) == 1
    assert bench.written() == ["1.jpg"]
    (seen / "0.jpg.png").unlink()
    assert bench.run("left", mask_folder=seen) == ["done", "skipped"]  # the failure was not for good


def test_a_mask_of_another_edit_is_not_overwritten_either(bench: Bench, seen: Path) -> None:
    bench.run("left", mask_folder=seen)
    before = (seen / "0.jpg.png").read_bytes()
    bench.out = bench.out.with_name("other")
    assert bench.run("top", mask_folder=seen) == ["failed"] * 2
    assert "not the mask of this edit" in str(bench.recorder.outcomes[0].reason)
    assert (seen / "0.jpg.png").read_bytes() == before


@pytest.mark.parametrize("on_exists", [OnExists.RESUME, OnExists.RENAME])
def test_the_mask_that_a_killed_run_has_left_is_its_own(bench: Bench, seen: Path, on_exists: OnExists) -> None:
    bench.run("left", mask_folder=seen)
    bench.out = bench.out.with_name("as-if-never-written")
    assert bench.run("left", on_exists=on_exists, mask_folder=seen) == ["done"] * 2
    assert names(seen) == ["0.jpg.png", "1.jpg.png"]


def test_but_not_where_somebody_has_painted_in_it(bench: Bench, seen: Path) -> None:
    bench.run("left", mask_folder=seen)
    with Image.open(seen / "0.jpg.png") as mask:
        mask.putpixel((19, 15), 255)
        keeping = Image.open(seen / "1.jpg.png").info  # an editor that keeps all of a PNG's texts
        from PIL.PngImagePlugin import PngInfo

        texts = PngInfo()
        for name, text in keeping.items():
            texts.add_text(name, text)
        mask.save(seen / "0.jpg.png", pnginfo=texts)
    bench.out = bench.out.with_name("as-if-never-written")
    assert bench.run("left", mask_folder=seen) == ["failed", "done"]


def test_renamed_masks_keep_both(bench: Bench, seen: Path) -> None:
    painted = paint(seen / "0.jpg.png")
    assert bench.run("left", on_exists=OnExists.RENAME, mask_folder=seen) == ["done"] * 2
    assert names(seen) == ["0.jpg.png", "0.jpg_1.png", "1.jpg.png"]
    assert (seen / "0.jpg.png").read_bytes() == painted


def test_a_renamed_output_s_mask_is_named_after_it(bench: Bench, seen: Path) -> None:
    bench.run("left", mask_folder=seen)
    assert bench.run("top", on_exists=OnExists.RENAME, mask_folder=seen) == ["done"] * 2
    assert names(seen) == ["0.jpg.png", "0_1.jpg.png", "1.jpg.png", "1_1.jpg.png"]


def test_overwrite_replaces_both(bench: Bench, seen: Path) -> None:
    painted = paint(seen / "0.jpg.png")
    assert bench.run("left", on_exists=OnExists.OVERWRITE, mask_folder=seen) == ["done"] * 2
    assert (seen / "0.jpg.png").read_bytes() != painted


def test_a_folder_that_is_a_file_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "seen").touch()
    with pytest.raises(UsageError, match=r"--mask-out .*seen is no folder"):
        MaskFolder(tmp_path / "seen", tmp_path, OnExists.RESUME)


def test_written_masks_are_known_from_painted_ones(bench: Bench, seen: Path) -> None:
    bench.run("left", mask_folder=seen)
    paint(seen / "painted.png")
    os.mkfifo(seen / "pipe.png")
    assert [path.name for path in sorted(seen.iterdir()) if is_written_mask(path)] == ["0.jpg.png", "1.jpg.png"]


def test_a_mask_that_cannot_be_written_fails_its_item_and_names_the_option(bench: Bench, seen: Path) -> None:
    seen.symlink_to(bench.photos.parent)
    (seen / "0.jpg.png").mkdir()
    assert bench.run("left", on_exists=OnExists.OVERWRITE, mask_folder=seen) == ["failed", "done"]
    assert "choose another --mask-out" in str(bench.recorder.outcomes[0].reason)
    assert bench.written() == ["1.jpg"]


def test_a_hard_stop_leaves_no_half_mask(bench: Bench, seen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[list[str]] = []

    def stop(*arguments: object) -> None:
        bench.mask_folder.discard_all()
        left.append(names(seen))
        raise ItemError("stopped")

    (bench.photos / "1.jpg").unlink()  # its writing would go on beside: nothing ends this process
    monkeypatch.setattr(os, "replace", stop)
    assert bench.run("left", mask_folder=seen) == ["failed"]
    assert left == [[]]
