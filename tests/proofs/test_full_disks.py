"""Disks that are full or read-only: the run stops with exit code 4 and can be taken up."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.proofs.rig import contents, make_photos

pytestmark = pytest.mark.slow


def _mount(folder: Path, options: str) -> bool:
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True)
    return mounted.returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 512 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        if not _mount(folder, "size=512k"):
            pytest.skip("mounting a small tmpfs is not allowed here; run it as root")
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def remount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


def run(tmp_path: Path, environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.proofs.fake_cli", "edit", "photos", "-i", "x", "-o", "disk/out", *arguments]
    return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)


def test_a_full_disk(tmp_path: Path, small_disk: Path, environment: dict[str, str]) -> None:
    for number in range(8):
        noise = Image.effect_noise((256, 256), 50 + number)
        (tmp_path / "photos").mkdir(exist_ok=True)
        Image.merge("RGB", [noise] * 3).save(tmp_path / "photos" / f"{number}.png")
    stopped = run(tmp_path, environment, "--batch-size", "2")
    assert stopped.returncode == 4, stopped.stderr
    assert "make room, then run the same command again" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    before = contents(small_disk / "out")
    assert 0 < len(before) < 8
    assert not [name for name in before if name.endswith(".tmp")]
    for name in before:
        Image.open(small_disk / "out" / name).load()
    remount(small_disk, "size=16m")
    again = run(tmp_path, environment)
    assert again.returncode == 0, again.stderr
    assert f"{len(before)} skipped" in again.stderr
    assert len(contents(small_disk / "out")) == 8
    assert contents(small_disk / "out").items() >= before.items()


def test_a_read_only_disk(tmp_path: Path, small_disk: Path, environment: dict[str, str]) -> None:
    make_photos(tmp_path / "photos")
    (small_disk / "out").mkdir()
    remount(small_disk, "ro")
    for _ in range(2):
        stopped = run(tmp_path, environment)
        assert stopped.returncode == 4, stopped.stderr
        assert len(stopped.stderr.splitlines()) == 1
        assert "disk/out" in stopped.stderr
    remount(small_disk, "rw")
    assert run(tmp_path, environment, "--on-exists", "error").returncode == 0
    remount(small_disk, "ro")
    stopped = run(tmp_path, environment)
    assert stopped.returncode == 4, stopped.stderr
    assert len(contents(small_disk / "out")) == 5
