"""The page and the sheets as files: what is in them, and that they are there whole or not at all."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from PIL import Image

from ip2p_cli.errors import EnvironmentStop, Ip2pError, UsageError
from ip2p_cli.events import Summary
from ip2p_cli.report import BACKLOG, Report, replacing
from ip2p_cli.report.items import as_json, link
from ip2p_cli.report.page import OPTION, SUFFIXES, Page, is_page
from ip2p_cli.report.previews import Pair, small
from ip2p_cli.report.sheet import COLUMNS, ROWS, ContactSheet, is_sheet, page_path
from ip2p_cli.sources import SourceReader
from tests.photos import camera_exif, encoded, gradient, save
from tests.report.pages import outcome_of, read_page, write_long_page, write_page


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_what_the_page_holds(tmp_path: Path) -> None:
    before = save(tmp_path / "photos" / "a.png", Image.new("RGB", (1600, 1200), (255, 0, 0)))
    after = save(tmp_path / "edited" / "a.png", Image.new("RGB", (1600, 1200), (0, 0, 255)))
    outcomes = [
        outcome_of(before, after, ["make it night", "add snow"], seed=3, variant=1, recipe="nights"),
        outcome_of(before, after, status="skipped"),
        outcome_of(before, after, status="blocked", reason="a face"),
        outcome_of(tmp_path / "gone.jpg", tmp_path / "out.jpg", status="failed", reason="no such file"),
    ]
    page = read_page(write_page(tmp_path / "page.html", outcomes))
    done, skipped, blocked, failed = page["items"]
    assert [step["instruction"] for step in done["chain"]] == ["make it night", "add snow"]
    assert (done["seed"], done["variant"], done["recipe"], done["chain"][0]["steps"]) == (3, 1, "nights", 5)
    assert done["links"] == ["./photos/a.png", "./edited/a.png"]
    red, blue = (opened(data).convert("RGB") for data in done["pictures"])
    assert red.size == blue.size == (800, 600)
    assert red.getpixel((5, 5))[0] > 200 > 50 > blue.getpixel((5, 5))[0]  # type: ignore[index]
    assert skipped["change"]["pixels"] == pytest.approx(2 / 3, abs=0.01), "measured, as nothing was edited now"
    assert "pictures" not in blocked, "a blocked photo is not shown"
    assert (failed["status"], failed["reason"]) == ("failed", "no such file")
    assert page["run"]["counts"] == {"done": 1, "skipped": 1, "blocked": 1, "failed": 1}
    assert page["run"]["defaults"]["sampler"] == "ddim"


def test_the_previews_are_upright_in_srgb_and_without_holes(tmp_path: Path) -> None:
    turned = encoded(gradient(400, 300), exif=camera_exif(6).tobytes())
    assert small(turned, 100).size == (75, 100)
    clear = Image.new("RGBA", (20, 20), (10, 20, 30, 0))
    assert small(encoded(clear, "PNG"), 100).getpixel((0, 0)) == (255, 255, 255)
    assert small(encoded(gradient(mode="L"), "JPEG"), 20).mode == "RGB"
    assert small(encoded(gradient(mode="CMYK"), "JPEG"), 20).mode == "RGB"
    assert small(encoded(gradient(5000, 2), "PNG"), 100).size == (100, 1)


def test_a_preview_that_fails_leaves_the_item(tmp_path: Path) -> None:
    source, output = save(tmp_path / "a.png"), tmp_path / "gone.png"
    [item] = read_page(write_page(tmp_path / "page.html", [outcome_of(source, output)]))["items"]
    assert item["status"] == "done"
    assert "pictures" not in item


def test_nothing_in_the_data_can_end_its_element() -> None:
    assert as_json({"name": "</script><!-- & é \u2028 \udcff"}) == (
        rb'{"name":"\u003c/script\u003e\u003c!-- \u0026 \u00e9 \u2028 \udcff"}'
    )


def test_links_stay_links(tmp_path: Path) -> None:
    assert link(tmp_path / "javascript:alert(1).png", tmp_path) == "./javascript%3Aalert%281%29.png"
    assert link(tmp_path / "a b#?\udcff.png", tmp_path / "sub") == "./../a%20b%23%3F%FF.png"


def test_no_page_before_the_end_and_nothing_else_after_it(tmp_path: Path) -> None:
    report = Report([Page(tmp_path / "page.html", "edited")], SourceReader())
    report.outcome(outcome_of(save(tmp_path / "a.png"), save(tmp_path / "b.png")))
    assert sorted(os.listdir(tmp_path)) == ["a.png", "b.png"]
    report.finish(Summary())
    assert sorted(os.listdir(tmp_path)) == ["a.png", "b.png", "page.html"]
    assert oct((tmp_path / "page.html").stat().st_mode & 0o777) == oct(0o666 & ~_umask())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_page_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_page(tmp_path / "page.html", [])
    old = path.read_bytes()

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(replacing.os, "fsync", full)
    with pytest.raises(EnvironmentStop, match="No space left on device; the photos are in place"):
        write_page(path, [outcome_of(tmp_path / "a.png", tmp_path / "b.png")])
    assert path.read_bytes() == old
    assert os.listdir(tmp_path) == ["page.html"]


def test_a_full_disk_is_no_reason_to_stop_editing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ip2p_cli.report.page.tempfile.TemporaryFile", full)
    report = Report([Page(tmp_path / "page.html", "edited")], SourceReader())
    for _ in range(3 * BACKLOG):
        report.outcome(outcome_of(tmp_path / "a.png", tmp_path / "b.png"))
    with pytest.raises(EnvironmentStop, match="No space left"):
        report.finish(Summary())


def test_files_of_others_are_never_replaced(tmp_path: Path) -> None:
    foreign = tmp_path / "index.html"
    foreign.write_text("<!doctype html><title>mine</title>")
    for path, hint in (
        (foreign, "was not made by --report"),
        (tmp_path / "a.jpg", "ends in .html"),
        (tmp_path, "ends in .html"),
    ):
        with pytest.raises(UsageError, match=hint):
            replacing.check_place(path, OPTION, SUFFIXES, is_page)
    with pytest.raises(Ip2pError, match="was not made by --report"):
        write_page(foreign, [])
    assert "mine" in foreign.read_text()
    assert not is_sheet(save(tmp_path / "photo.jpg"))


def test_a_page_of_an_earlier_run_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "new" / "page.html"
    for _ in range(2):
        replacing.check_place(path, OPTION, SUFFIXES, is_page)
        write_page(path, [])
    assert is_page(path)


def test_contact_sheets(tmp_path: Path) -> None:
    source = save(tmp_path / "a.png", Image.new("RGB", (300, 200), (255, 0, 0)))
    output = save(tmp_path / "b.png", Image.new("RGB", (300, 200), (0, 0, 255)))
    path, count = tmp_path / "sheet.jpg", COLUMNS * ROWS + COLUMNS + 1
    report = Report([ContactSheet(path)], SourceReader())
    for number in range(count):
        failed = number == count - 1
        report.outcome(
            outcome_of(source, output, ["x" * 500], "failed" if failed else "done", "bad\n" if failed else None)
        )
    report.finish(Summary())
    first, second = Image.open(path), Image.open(page_path(path, 2))
    assert first.width == second.width
    assert second.height < first.height / 2, "cut to its rows"
    colours = {colour for _, colour in first.resize((200, 200), Image.Resampling.NEAREST).getcolors(40000) or ()}
    assert {(254, 0, 0), (0, 0, 254)} <= colours
    assert is_sheet(path)
    assert not page_path(path, 3).exists()


def test_both_at_once_and_previews_of_their_own_size(tmp_path: Path) -> None:
    source, output = save(tmp_path / "a.png", gradient(1000, 500)), save(tmp_path / "b.png", gradient(1000, 500))
    report = Report([Page(tmp_path / "p.html", ""), ContactSheet(tmp_path / "s.png")], SourceReader())
    report.outcome(outcome_of(source, output))
    report.finish(Summary())
    [item] = read_page(tmp_path / "p.html")["items"]
    assert opened(item["pictures"][1]).size == (800, 400)
    assert is_sheet(tmp_path / "s.png")


def test_the_pair_of_an_output_in_the_models_pixels(tmp_path: Path) -> None:
    source, output = save(tmp_path / "a.png", gradient(1000, 500)), save(tmp_path / "b.png", gradient(250, 125))
    [item] = read_page(write_page(tmp_path / "p.html", [outcome_of(source, output)]))["items"]
    assert [opened(data).size for data in item["pictures"]] == [(800, 400), (800, 400)]


def test_the_difference_of_a_pair() -> None:
    black, grey = Image.new("RGB", (4, 4)), Image.new("RGB", (4, 4), (51, 51, 51))
    assert Pair(black, black).difference == 0
    assert Pair(black, grey).difference == pytest.approx(0.2)


def test_memory_does_not_grow_with_the_number_of_photos(tmp_path: Path) -> None:
    import tracemalloc

    def peak(count: int) -> int:
        tracemalloc.start()
        write_long_page(tmp_path / "page.html", count)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)
    few = peak(30)
    assert peak(600) <= 1.05 * few + 300_000  # the helper keeps its encoded previews of three sizes
