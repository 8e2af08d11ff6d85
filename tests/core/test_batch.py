"""The batch engine with a fake editor: order, isolation, retries, resume, bounded work."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ip2p_cli.batch import BATCHES, DECODERS
from ip2p_cli.choices import OnExists
from ip2p_cli.errors import EnvironmentStop
from ip2p_cli.events import JsonLines
from ip2p_cli.hookspecs import hookimpl
from ip2p_cli.images import decode
from ip2p_cli.plan import Chains, PhotoPlan
from ip2p_cli.store import Store
from ip2p_cli.types import EditJob, Severity, Step
from tests.core.bench import Bench, with_plugin
from tests.fakes import EXPLOSIVE, SMALL, FakeEditor, shifted
from tests.photos import gradient, save


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    for number in range(6):
        save(tmp_path / "photos" / f"{number}.png", gradient(20 + number, 15))
    return Bench(tmp_path)


def test_every_photo_is_edited_at_its_own_size_and_reported_in_order(bench: Bench) -> None:
    assert bench.run("x") == ["done"] * 6
    assert [o.job.source.relative.name for o in bench.recorder.outcomes] == [f"{n}.png" for n in range(6)]
    assert sorted(len(call) for call in bench.editor.calls) == [2, 4]
    for number in range(6):
        expected = shifted(gradient(20 + number, 15), 47)
        assert Image.open(bench.out / f"{number}.png").tobytes() == expected.tobytes()
    assert bench.recorder.finished == 1


def test_a_chain_edits_what_the_step_before_it_made(bench: Bench) -> None:
    bench.run("x", "longer")
    assert Image.open(bench.out / "0.png").tobytes() == shifted(gradient(20, 15), 47 + 82).tobytes()
    assert sorted(call[0].step_index for call in bench.editor.calls) == [0, 0, 1, 1]


def test_requests_carry_the_digest_of_the_file_the_seed_and_the_variant(bench: Bench) -> None:
    bench.run("x", variants=2, seed=5)
    requests = [request for call in bench.editor.calls for request in call]
    assert len({request.source_digest for request in requests}) == 6
    assert {(request.seed, request.variant) for request in requests} == {(5, 0), (5, 1)}
    assert requests[0].source_digest == requests[1].source_digest


@pytest.mark.parametrize("position", [0, 3, 5])
def test_one_photo_that_fails_in_the_editor_does_not_harm_the_others(bench: Bench, position: int) -> None:
    save(bench.photos / f"{position}.png", Image.new("RGB", (20, 15), EXPLOSIVE))
    statuses = bench.run("x")
    assert statuses == ["failed" if number == position else "done" for number in range(6)]
    assert "bang" in str(bench.recorder.outcomes[position].reason)
    assert f"{position}.png" not in bench.written()
    assert len(bench.written()) == 5


@pytest.mark.parametrize("data", [b"", b"text", b"\x89PNG\r\n\x1a\nbroken"])
def test_a_file_that_does_not_decode_fails_alone(bench: Bench, data: bytes) -> None:
    (bench.photos / "2.png").write_bytes(data)
    assert bench.run("x").count("failed") == 1
    assert len(bench.written()) == 5


def test_a_missing_file_fails_alone(bench: Bench) -> None:
    (bench.photos / "9.png").symlink_to("nowhere.png")
    assert bench.run("x") == ["done"] * 6 + ["failed"]
    assert "No such file" in str(bench.recorder.outcomes[6].reason)


def test_a_result_that_is_not_finite_fails(bench: Bench) -> None:
    assert bench.run("nan") == ["failed"] * 6
    assert bench.written() == []


def test_a_result_of_another_size_is_never_written(bench: Bench) -> None:
    assert bench.run("wrong size") == ["failed"] * 6
    assert bench.written() == []


def test_a_lost_device_stops_the_run(bench: Bench) -> None:
    with pytest.raises(EnvironmentStop, match="run the same command again"):
        bench.run("device lost")
    assert bench.recorder.finished == 1, "the summary is given also then"


def test_the_models_own_pixels(bench: Bench) -> None:
    bench.run("x", full_resolution=False)
    assert Image.open(bench.out / "0.png").size == SMALL


def test_a_second_run_skips_everything_and_edits_nothing(bench: Bench) -> None:
    bench.run("x")
    before = {path.name: path.stat().st_mtime_ns for path in bench.out.glob("*.png")}
    bench.editor.calls.clear()
    assert bench.run("x") == ["skipped"] * 6
    assert bench.editor.calls == []
    assert {path.name: path.stat().st_mtime_ns for path in bench.out.glob("*.png")} == before


def test_only_what_is_missing_is_made_again(bench: Bench) -> None:
    bench.run("x")
    (bench.out / "3.png").unlink()
    assert bench.run("x") == ["skipped"] * 3 + ["done"] + ["skipped"] * 2


def test_an_output_of_something_else_is_an_error_naming_both(bench: Bench) -> None:
    bench.run("make it night")
    assert bench.run("add snow") == ["failed"] * 6
    reason = str(bench.recorder.outcomes[0].reason)
    assert "'make it night'" in reason
    assert "'add snow'" in reason
    assert "--on-exists" in reason
    assert bench.run("make it night", seed=1) == ["failed"] * 6
    bench.editor.fingerprint = "fake-2"
    assert bench.run("make it night") == ["failed"] * 6


def test_a_changed_source_is_noticed(bench: Bench) -> None:
    bench.run("x")
    save(bench.photos / "0.png", gradient(99, 15))
    assert bench.run("x") == ["failed"] + ["skipped"] * 5


def test_a_file_that_ip2p_did_not_write_is_not_touched(bench: Bench) -> None:
    bench.out.mkdir()
    (bench.out / "0.png").write_bytes(b"mine")
    assert bench.run("x")[0] == "failed"
    assert (bench.out / "0.png").read_bytes() == b"mine"


def test_overwrite_rename_error(bench: Bench) -> None:
    bench.run("x")
    assert bench.run("x", on_exists=OnExists.ERROR) == ["failed"] * 6
    assert bench.run("xx", on_exists=OnExists.RENAME) == ["done"] * 6
    assert bench.run("xx", on_exists=OnExists.RENAME) == ["skipped"] * 6  # the same again is no other picture
    assert bench.run("xy", on_exists=OnExists.RENAME) == ["done"] * 6
    assert len(bench.written()) == 18
    assert {"0.png", "0_1.png", "0_2.png"} <= set(bench.written())
    assert bench.run("xxx", on_exists=OnExists.OVERWRITE) == ["done"] * 6
    assert Image.open(bench.out / "0.png").tobytes() == shifted(gradient(20, 15), 61).tobytes()
    assert bench.run("xxx") == ["skipped"] * 6


def test_a_stop_finishes_what_is_in_hand_and_no_more(bench: Bench) -> None:
    bench.stop = lambda: len(bench.editor.calls) >= 1
    done = len(bench.run("x", batch_size=2))
    assert done in (2, 4), "one batch, or two"
    assert bench.written() == [f"{number}.png" for number in range(done)]
    bench.stop = lambda: False
    assert bench.run("x", batch_size=2) == ["skipped"] * done + ["done"] * (6 - done)


def test_the_plan_is_not_read_far_ahead_of_the_editor(bench: Bench) -> None:
    taken = 0
    chains = Chains(((Step("x"),),))

    def watched() -> Iterator[PhotoPlan]:
        nonlocal taken
        for photo in bench.plans(chains):
            for copy in range(50):
                taken += 1
                [item] = photo.jobs
                yield plan_of(photo, item.job, bench.out / f"{photo.source.relative.stem}-{copy}.png")

    ahead = []
    original = bench.editor.edit_each

    def spying(requests: Any, **options: Any) -> Any:
        ahead.append(taken - sum(len(call) for call in bench.editor.calls))
        return original(requests, **options)

    bench.editor.edit_each = spying  # type: ignore[method-assign]
    assert bench.run("x", plans=watched()) == ["done"] * 300
    assert max(ahead) <= (BATCHES + 2) * 4 + DECODERS, "at the editor, waiting for it, being read"


def plan_of(photo: PhotoPlan, job: EditJob, output: Path) -> PhotoPlan:
    from dataclasses import replace

    from ip2p_cli.plan import PlannedJob

    return PhotoPlan(photo.source, (PlannedJob(replace(job, output=output)),))


@pytest.mark.parametrize(
    ("limits", "batches", "most"),
    [
        ({}, [4, 2], 6),
        ({"AHEAD": 700, "EDITING": 1000}, [3, 2, 1], 6),  # of photos of 300 to 375 pixels
        ({"AHEAD": 1, "EDITING": 1, "UNDER_WAY": 1}, [1] * 6, 2),  # what is too large alone is taken alone
    ],
)
def test_large_photos_are_held_in_smaller_numbers(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, limits: dict[str, int], batches: list[int], most: int
) -> None:
    for name, limit in limits.items():
        monkeypatch.setattr(f"ip2p_cli.in_hand.{name}", limit)
        monkeypatch.setattr(f"ip2p_cli.batch.{name}", limit, raising=False)
    held, peak, lock = 0, 0, threading.Lock()

    def count(change: int) -> None:
        nonlocal held, peak
        with lock:
            held += change
            peak = max(peak, held)

    def decoding(real: Any) -> Any:
        def decode(data: bytes) -> Any:
            count(1)
            return real(data)

        return decode

    def saving(real: Any) -> Any:
        def save(store: Any, edited: Any) -> Any:
            outcome = real(store, edited)
            count(-1)
            return outcome

        return save

    monkeypatch.setattr("tests.core.bench.decode", decoding(decode))
    monkeypatch.setattr(Store, "save", saving(Store.save))
    assert bench.run("x") == ["done"] * 6
    assert sorted((len(call) for call in bench.editor.calls), reverse=True) == batches
    assert peak <= most


def test_a_full_disk_stops_the_run_and_leaves_no_temporary_files(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno
    import os

    real = os.replace

    def full(source: str, target: Path) -> None:
        if Path(target).name == "3.png":
            raise OSError(errno.ENOSPC, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(EnvironmentStop, match="No space left"):
        bench.run("x", batch_size=2)
    assert "3.png" not in bench.written()
    assert not [name for name in bench.written() if name.startswith(".")]
    assert "failed" not in bench.recorder.statuses
    monkeypatch.undo()
    bench.run("x")
    assert bench.written() == [f"{number}.png" for number in range(6)]


def test_a_reader_of_events_that_goes_away_stops_the_run(bench: Bench) -> None:
    class Closed(StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    with pytest.raises(EnvironmentStop):
        bench.run("x", listeners=(JsonLines(Closed()),))


def test_events_are_one_json_object_a_line(bench: Bench) -> None:
    (bench.photos / "2.png").write_bytes(b"text")
    stream = StringIO()
    bench.run("make it night", listeners=(JsonLines(stream),))
    *items, summary = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [item["status"] for item in items] == ["done", "done", "failed", "done", "done", "done"]
    assert set(items[0]) >= {
        *("event", "source", "output", "status", "seed", "instructions", "model", "seconds", "reason", "change")
    }
    assert items[0]["instructions"] == ["make it night"]
    assert items[0]["change"] == {"mean": 0.25}
    assert summary == {"event": "summary", "done": 5, "skipped": 0, "flagged": 0, "blocked": 0, "failed": 1} | {
        "seconds": summary["seconds"]
    }


def test_severities_are_ordered() -> None:
    assert Severity.ALLOW < Severity.FLAG < Severity.RETRY < Severity.BLOCK


class TooMuch(FakeEditor):
    """Has memory for so many at once; for photos 22 wide, for none."""

    def __init__(self, fits: int, error: type[BaseException] = MemoryError) -> None:
        super().__init__()
        self.fits, self.error = fits, error

    def edit_each(self, requests: Any, **options: Any) -> Any:
        if self.batch_size > self.fits or any(request.image.width == 22 for request in requests):
            raise self.error("not what the message says")
        return super().edit_each(requests, **options)


@pytest.mark.parametrize("kind", ["python", "torch"])
def test_out_of_memory_halves_the_batch_for_good(tmp_path: Path, kind: str) -> None:
    import torch

    for number in (0, 1, 3, 4, 5, 6):
        save(tmp_path / "photos" / f"{number}.png", gradient(20 + number, 15))
    bench = Bench(tmp_path, TooMuch(1, MemoryError if kind == "python" else torch.OutOfMemoryError))
    assert bench.run("x", batch_size=4) == ["done"] * 6
    assert bench.editor.batch_size == 1


def test_a_photo_that_does_not_fit_into_memory_alone_fails_alone(tmp_path: Path) -> None:
    for number in range(6):
        save(tmp_path / "photos" / f"{number}.png", gradient(20 + number, 15))
    bench = Bench(tmp_path, TooMuch(4))
    assert bench.run("x", batch_size=4) == ["done", "done", "failed", "done", "done", "done"]
    assert "not enough memory" in str(bench.recorder.outcomes[2].reason)
    assert bench.editor.batch_size == 4, "the batch was not to blame"


def test_what_failed_is_tried_again_only_when_asked(bench: Bench) -> None:
    save(bench.photos / "2.png", Image.new("RGB", (20, 15), EXPLOSIVE))
    (bench.photos / "3.png").write_bytes(b"text")
    bench.run("x")
    bench.editor.calls.clear()
    assert bench.run("x").count("failed") == 2
    assert bench.editor.calls == []
    reasons = [str(bench.recorder.outcomes[number].reason) for number in (2, 3)]
    assert ["bang" in reasons[0], "text" in reasons[1]] == [True, True]
    assert all("--retry-failed" in reason for reason in reasons)
    assert bench.run("x", retry_failed=True).count("failed") == 2
    assert len(bench.editor.calls) == 1
    save(bench.photos / "2.png")
    assert bench.run("x").count("failed") == 1, "another photo under that name is another item"


def test_what_could_not_be_written_is_tried_again(bench: Bench) -> None:
    bench.out.mkdir()
    (bench.out / "0.png").mkdir()
    assert bench.run("x", on_exists=OnExists.OVERWRITE)[0] == "failed"
    (bench.out / "0.png").rmdir()
    assert bench.run("x") == ["done"] + ["skipped"] * 5


def test_a_rename_does_not_take_the_name_of_another_photo_of_the_run(bench: Bench) -> None:
    save(bench.photos / "0_1.png", gradient(30, 15))
    save(bench.out / "0.png")
    assert bench.run("x", on_exists=OnExists.RENAME) == ["done"] * 7
    assert len(bench.written()) == 8, "which of the two has to make way depends on who is read first"


def test_the_mask_is_part_of_what_an_output_is_made_of(bench: Bench) -> None:
    class Masks:
        shade = 255

        @hookimpl
        def ip2p_make_mask(self, image: Image.Image) -> Image.Image:
            return Image.new("L", image.size, self.shade)

    masks = Masks()
    bench = with_plugin(bench, masks)
    assert bench.run("x") == ["done"] * 6
    assert bench.run("x") == ["skipped"] * 6
    masks.shade = 128
    assert bench.run("x") == ["failed"] * 6
