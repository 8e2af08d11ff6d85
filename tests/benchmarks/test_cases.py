"""The cases at their smallest, on tiny networks: they measure what they say. No figure of theirs is judged."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image

from benchmarks.arithmetic import row_operations
from benchmarks.cases import busy, chain, checks, end_to_end, files, memory, processes, sd15_loop, start_up
from benchmarks.edit_command import run_here
from benchmarks.network_time import DECODE, ENCODE, TEXT, UNET, Pass, Spent, spend
from benchmarks.networks import SD15, TINY
from benchmarks.photos import make_photos
from benchmarks.pipelines import embed, open_pipeline
from benchmarks.results import Figure, Result
from benchmarks.setting import Setting

SIZE = (80, 60)


@pytest.fixture
def setting(tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Setting]:
    monkeypatch.setenv("IP2P_NO_PLUGIN", "")  # restored afterwards, whatever runs write into it
    return Setting(tmp_path, str(tiny_checkpoint), clock_kind="processor")


def named(result: Result) -> dict[str, Figure]:
    assert all(math.isfinite(each.spread.median) and each.spread.median >= 0 for each in result.figures)
    assert all(each.spread.low <= each.spread.median <= each.spread.high for each in result.figures)
    return {each.name: each for each in result.figures}


def test_end_to_end_edits_every_photo_on_every_side(setting: Setting) -> None:
    figures = named(end_to_end.run(setting, end_to_end.Scale(3, SIZE, 2)))
    assert figures["speed, ip2p edit / pipeline, looped"].spread.of == 2
    ours, theirs = figures["ip2p edit"].spread, figures["pipeline, by hand"].spread
    assert ours.median > 0 and theirs.median > 0
    canvas = (40, 28)  # what the model of 32 x 32 makes of SIZE
    for kind, size in {"ip2p": SIZE, "looped": canvas, "by-hand": canvas}.items():
        folders = sorted(setting.work.glob(f"{kind}-*"))
        assert len(folders) >= 3  # the warm-up and two rounds
        for folder in folders:
            photos = sorted(folder.glob("*.jpg"))
            assert len(photos) == 3 and {Image.open(photo).size for photo in photos} == {size}


def test_the_loop_gives_what_the_pipeline_gives(tmp_path: Path) -> None:
    scale = sd15_loop.Scale(TINY, 32, photos=2, steps=2, rounds=1)
    figures = named(sd15_loop.run(Setting(tmp_path, clock_kind="processor"), scale))
    for kind in sd15_loop.SCALES:
        difference = figures[f"largest difference of latents: {kind}"]
        assert difference.goal is not None and difference.goal.is_met(difference.spread)
        assert figures[f"speed, ip2p / pipeline: {kind}"].spread.median > 0


def test_a_row_of_stable_diffusion_takes_803_gigaflop() -> None:
    assert round(row_operations(SD15, 512) / 1e9) == pytest.approx(803, abs=5)


def test_a_chain_runs_the_network_for_every_instruction(setting: Setting) -> None:
    figures = named(chain.run(setting, chain.Scale(1, SIZE, 1)))
    assert len(figures) == 3 * 2, "by pictures, and by latents"


def test_each_network_and_none_has_its_share_of_the_time(setting: Setting) -> None:
    figures = named(busy.run(setting, busy.Scale(2, SIZE, 1)))
    plain = {name: each.spread.median for name, each in figures.items() if name.startswith("ip2p edit:")}
    assert len(plain) == 5 and all(0 < share < 1 for share in plain.values())
    assert sum(plain.values()) >= 1, "several may be at work at once"


def test_passes_at_once_count_twice_as_work_and_once_as_time() -> None:
    unet = [Pass(0.0, 3.0, 3.0), Pass(2.0, 4.0, 2.0), Pass(2.5, 3.5, 1.0)]
    spent = Spent(10.0, {UNET: unet, DECODE: [Pass(3.0, 6.0, 3.0), Pass(8.0, 9.0, 1.0)]})
    assert spent.in_networks(UNET) == 6 and spent.busy(UNET) == 4
    assert spent.in_networks() == 10 and spent.busy() == 7
    assert spent.in_networks(TEXT) == spent.busy(TEXT) == 0


def test_every_check_is_measured(setting: Setting) -> None:
    figures = named(checks.run(setting, checks.Scale(1, SIZE, 1, 1)))
    for name in ("nsfw", "blank", "guidance"):
        assert f"check {name}, a photo" in figures
        assert f"time, check {name}, a photo / the edit" in figures
    assert "check wording, an instruction" in figures


def test_the_time_of_each_network_is_seen_and_nothing_stays_watched(tiny_checkpoint: Path) -> None:
    from diffusers import UNet2DConditionModel

    before = UNet2DConditionModel.forward
    pipeline = open_pipeline(tiny_checkpoint, "cpu", torch.float32)
    text = embed(pipeline, "make it night")
    with torch.no_grad():
        spent = spend(lambda: pipeline.unet(torch.zeros(1, 8, 16, 16), torch.tensor(1), text), "cpu")
    assert set(spent.passes) == {UNET} and 0 < spent.in_networks(UNET) <= spent.total
    spent = spend(lambda: embed(pipeline, "add snow"), "cpu")
    assert set(spent.passes) == {TEXT} and spent.in_networks() == spent.in_networks(TEXT)
    spent = spend(lambda: pipeline.vae.encode(torch.zeros(1, 3, 16, 16)), "cpu")
    assert spent.in_networks(ENCODE) > 0 and spent.in_networks(UNET, DECODE) == 0
    with pytest.raises(ZeroDivisionError):
        spend(lambda: 1 / 0, "cpu")
    assert UNet2DConditionModel.forward is before


def test_photos_are_as_many_as_asked_for_and_all_different(tmp_path: Path) -> None:
    photos = sorted(make_photos(tmp_path / "photos", 11, SIZE).iterdir())
    assert len({photo.read_bytes() for photo in photos}) == 11
    assert {Image.open(photo).size for photo in photos} == {SIZE}
    again = sorted(make_photos(tmp_path / "again", 11, SIZE).iterdir())
    assert [photo.read_bytes() for photo in photos] == [photo.read_bytes() for photo in again]


def test_a_command_that_fails_ends_the_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IP2P_NO_PLUGIN", "")
    with pytest.raises(SystemExit, match="exit code 2"):
        run_here("edit", str(tmp_path / "none"), "-i", "x", "-o", str(tmp_path / "out"), "--no-plugin", "nobody")


@pytest.mark.slow
def test_cases_that_start_processes(setting: Setting) -> None:
    help_ = named(start_up.run(setting, start_up.Scale(1)))
    assert help_["ip2p --help"].spread.median > 0
    peaks = named(memory.run(setting, memory.Scale((2, 5), SIZE, 1)))
    assert peaks["peak, 5 photos"].spread.median > 50  # MiB: torch alone takes more
    assert peaks["a photo, of 5 photos"].spread.median > 0
    each = named(processes.run(setting, processes.Scale(2, 1, SIZE, 1)))
    assert each["speed, ip2p edit FOLDER / ip2p edit PHOTO, each"].spread.median > 0


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="this system cannot be asked to forget files")
def test_large_photos_and_forgotten_folders_are_edited_whole(setting: Setting) -> None:
    figures = named(files.run(setting, files.Scale((SIZE, (160, 120)), 2, SIZE, 1)))
    assert figures["peak, one photo of 160 x 120"].spread.median > 50  # MiB
    assert figures["time, from the disk / from memory"].spread.median > 0
    assert {len(list(folder.glob("*.jpg"))) for folder in setting.work.glob("folder-*")} == {2}


@pytest.mark.parametrize("threads", [1, 2])
def test_a_pass_in_one_thread_costs_what_the_processor_does(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    from diffusers import UNet2DConditionModel

    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    monkeypatch.setattr(UNet2DConditionModel, "forward", lambda self: time.sleep(0.2))  # as if it waited its turn
    spent = spend(lambda: UNet2DConditionModel.forward(None), "cpu")
    assert (spent.in_networks() < 0.2) == (threads == 1) and spent.busy() >= 0.2


def test_fast_chooses_its_precision(setting: Setting) -> None:
    assert "--dtype" in setting.edit(Path("photos"), "out")
    assert "--dtype" not in setting.edit(Path("photos"), "out", "--fast")
