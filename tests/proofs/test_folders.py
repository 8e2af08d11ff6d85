"""Folders of photos as they come: a bad one at any place, names that meet, thousands of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.core.bench import Bench
from tests.proofs.rig import contents, make_photos


@pytest.mark.slow
def test_one_bad_file_at_each_of_100_places(fast_path: Path) -> None:
    make_photos(fast_path / "photos", 100)
    names = sorted(path.name for path in (fast_path / "photos").iterdir())
    for place, name in enumerate(names):
        photo = fast_path / "photos" / name
        good = photo.read_bytes()
        photo.write_bytes((b"", b"text", good[: len(good) // 2], b"\x89PNG\r\n\x1a\n")[place % 4])
        bench = Bench(fast_path)
        bench.out = fast_path / f"out-{place}"
        statuses = bench.run("x", batch_size=8)
        assert statuses == ["failed" if number == place else "done" for number in range(100)]
        assert bench.exit_code == 1
        assert set(contents(bench.out)) == {*names} - {name}
        photo.write_bytes(good)


def peak_memory(folder: Path, environment: dict[str, str], *options: str) -> int:
    """Of a run over a folder, in KiB, without its workers."""
    command = [sys.executable, "-m", "tests.proofs.fake_cli", "edit", "photos", "-i", "x", "-q", *options]
    process = subprocess.Popen(command, cwd=folder, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is measured as Linux reports it")
@pytest.mark.parametrize(
    ("options", "few", "many"),
    [((), 500, 2000), (("--device", "cpu,cpu", "--no-plugin", "nsfw"), 100, 600)],
)
def test_memory_does_not_grow_with_the_number_of_photos(
    fast_path: Path, environment: dict[str, str], options: tuple[str, ...], few: int, many: int
) -> None:
    """Once every thread has done a few dozen: until then each one's own heap still fills."""
    peaks = {}
    for number in (few, many):
        folder = fast_path / str(number)
        (folder / "photos").mkdir(parents=True)
        for index in range(number):
            Image.new("RGB", (64, 48), (index % 256, index // 256, 7)).save(folder / "photos" / f"{index}.png")
        peaks[number] = peak_memory(folder, environment, *options)
        assert len(contents(folder / "edited")) == number
    assert peaks[many] <= 1.05 * peaks[few], peaks
    print(peaks)
