"""Writing: files are whole or not there, and nowhere but in the output folder."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from ip2p_cli.atomic import AtomicWriter, discard_temporary, put_in_place, temporary_name
from ip2p_cli.errors import EnvironmentStop, ItemError


def test_writing_replaces_and_leaves_nothing_else(tmp_path: Path) -> None:
    writer, path = AtomicWriter(), tmp_path / "new" / "a.png"
    writer.write(path, b"one")
    writer.write(path, b"two")
    assert path.read_bytes() == b"two"
    assert os.listdir(path.parent) == ["a.png"]
    mask = os.umask(0)
    os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~mask


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EACCES])
def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, number: int
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def fail(*arguments: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(ItemError if number == errno.EACCES else EnvironmentStop, match=os.strerror(number)):
        AtomicWriter().write(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.png"]


def test_a_name_that_is_too_long_fails_the_item(tmp_path: Path) -> None:
    with pytest.raises(ItemError):
        AtomicWriter().write(tmp_path / ("x" * 300 + ".png"), b"x")
    assert os.listdir(tmp_path) == []


def test_what_a_killed_run_left_is_replaced(tmp_path: Path) -> None:
    (tmp_path / temporary_name("a.png")).write_bytes(b"half")
    AtomicWriter().write(tmp_path / "a.png", b"whole")
    assert os.listdir(tmp_path) == ["a.png"]


def test_a_link_under_the_output_name_is_replaced_not_followed(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "precious").write_bytes(b"precious")
    for name in ("a.png", temporary_name("a.png")):
        (tmp_path / "out" / name).symlink_to(tmp_path / "precious")
    AtomicWriter(tmp_path / "out").write(tmp_path / "out" / "a.png", b"new")
    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert not (tmp_path / "out" / "a.png").is_symlink()
    assert os.listdir(tmp_path / "out") == ["a.png"]


def test_a_linked_folder_that_leads_outside_is_refused_and_one_inside_is_not(tmp_path: Path) -> None:
    for name in ("out/real", "elsewhere"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "out" / "away").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "out" / "within").symlink_to(tmp_path / "out" / "real")
    writer = AtomicWriter(tmp_path / "out")
    with pytest.raises(ItemError, match="leads outside"):
        writer.write(tmp_path / "out" / "away" / "deeper" / "a.png", b"x")
    assert os.listdir(tmp_path / "elsewhere") == []
    writer.write(tmp_path / "out" / "within" / "a.png", b"x")
    assert (tmp_path / "out" / "real" / "a.png").read_bytes() == b"x"


def test_an_output_folder_that_is_a_link_itself_is_fine(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "real")
    AtomicWriter(tmp_path / "out").write(tmp_path / "out" / "sub" / "a.png", b"x")
    assert (tmp_path / "real" / "sub" / "a.png").read_bytes() == b"x"


def test_two_attempts_at_one_file_do_not_meet(tmp_path: Path) -> None:
    path, first, second = tmp_path / "a.png", AtomicWriter(attempt="1"), AtomicWriter(attempt="2")
    with first.staged(path, b"one") as one, second.staged(path, b"two") as two:
        put_in_place(two, path)
        assert one.read_bytes() == b"one"
        assert path.read_bytes() == b"two"
    assert os.listdir(tmp_path) == ["a.png"]


def test_what_is_left_of_any_attempt_is_found_and_nothing_else_is_taken_for_it(tmp_path: Path) -> None:
    names = [temporary_name("a.png", attempt) for attempt in ("", "0", "12")]
    others = [temporary_name("b.png", "0"), "a.png"]
    for name in (*names, *others):
        (tmp_path / name).touch()
    discard_temporary(tmp_path / "a.png")
    assert sorted(os.listdir(tmp_path)) == sorted(others)
    discard_temporary(tmp_path / "nowhere" / "a.png")
