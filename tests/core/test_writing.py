"""What a disk says against writing reaches the user as one line, whichever library heard it."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from ip2p_cli.api import EnvironmentStop, UsageError, make_output_folder, writing

FULL = Path("/dev/full")  # every write to it says that the disk is full


def _plainly() -> None:
    with FULL.open("wb") as file:
        file.write(bytes(10))


def _by_torch() -> None:
    with FULL.open("wb") as file:
        torch.save({"a": torch.zeros(1000, 1000)}, file)


def _by_pillow() -> None:
    with FULL.open("wb") as file:
        Image.effect_noise((500, 500), 90).save(file, "PNG")


def _in_words() -> None:
    raise RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)")


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("write", [_plainly, _by_torch, _by_pillow, _in_words])
def test_a_full_disk_stops_the_run(write: Callable[[], None], tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    with (
        pytest.raises(EnvironmentStop, match=r"a\.bin: No space left on device; make room"),
        writing(path),
    ):
        write()


def test_safetensors_say_it_in_words(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot write .*directory"), writing(tmp_path):
        save_file({"a": torch.zeros(1)}, tmp_path)


def test_other_errors_pass_as_they_are(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), writing(tmp_path):
        raise ZeroDivisionError("os error")


def test_a_file_in_the_way_is_the_users_to_solve(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(UsageError, match=r"cannot write .*file.*; choose another -o"):
            make_output_folder(folder)


def test_a_folder_is_made_and_left_empty(tmp_path: Path) -> None:
    make_output_folder(tmp_path / "a" / "b")
    make_output_folder(tmp_path / "a" / "b")
    assert not os.listdir(tmp_path / "a" / "b")


def test_a_disk_that_takes_no_file_is_found_beforehand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("tempfile.TemporaryFile", fail)
    with pytest.raises(EnvironmentStop, match="Read-only"):
        make_output_folder(tmp_path)
