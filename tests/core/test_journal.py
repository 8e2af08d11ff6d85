"""The journal: what it says is done is done, nothing else is, and a dead run's claims count for nothing."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ip2p_cli.atomic import temporary_name
from ip2p_cli.entries import digest_of, key_of
from ip2p_cli.errors import EnvironmentStop, OutputBusy
from ip2p_cli.journal import Claim, Journal

REPOSITORY = Path(__file__).parents[2]
NIGHT = Claim("key", "a.jpg", ("make it night",))


def write(journal: Journal, output: Path, data: bytes, claim: Claim = NIGHT) -> None:
    assert journal.claim(output, journal.entry(output), claim)
    journal.prepared(output, digest_of(data))
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(data)
    journal.done(output)


@contextmanager
def another_run(root: Path, code: str, settings: str = "settings") -> Iterator[subprocess.Popen[str]]:
    """A process that has the journal open, has run `code` and then waits until it is killed."""
    program = (
        "import sys; from pathlib import Path; from ip2p_cli.journal import *; from ip2p_cli.entries import *\n"
        f"root = Path({str(root)!r}); journal = Journal(root, {settings!r})\n"
        f"claim = Claim('key', 'a.jpg', ('make it night',))\n{code}\n"
        "print('ready', flush=True); sys.stdin.read()"
    )
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    process = subprocess.Popen(
        [sys.executable, "-c", program], env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait()


def test_an_output_is_found_again_by_a_later_run(tmp_path: Path) -> None:
    output = tmp_path / "sub" / "a.jpg"
    with Journal(tmp_path, "settings") as journal:
        write(journal, output, b"data")
    with Journal(tmp_path, "settings") as journal:
        entry = journal.entry(output)
        assert entry is not None
        assert (entry.output, entry.state, entry.key, entry.source) == ("sub/a.jpg", "done", "key", "a.jpg")
        assert entry.instructions == ("make it night",)
        assert journal.is_intact(entry)
        assert not journal.is_beside(entry)
        output.write_bytes(b"other")
        assert not journal.is_intact(entry)


def test_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    output = tmp_path / os.fsdecode(b"\xff\xfe.jpg")
    with Journal(tmp_path, "settings") as journal:
        write(journal, output, b"data", Claim("key", os.fsdecode(b"\xff"), ()))
        entry = journal.entry(output)
    assert entry is not None
    assert entry.source == os.fsdecode(b"\xff")


@pytest.mark.parametrize("renamed", [False, True])
def test_a_killed_run_s_item_is_done_if_its_file_got_into_place(tmp_path: Path, renamed: bool) -> None:
    output = tmp_path / "a.jpg"
    temporary = tmp_path / temporary_name("a.jpg")
    temporary.write_bytes(b"data")
    code = "journal.claim(root / 'a.jpg', None, claim); journal.prepared(root / 'a.jpg', digest_of(b'data'))"
    with another_run(tmp_path, code):
        pass
    if renamed:
        temporary.rename(output)
    with Journal(tmp_path, "settings") as journal:
        entry = journal.entry(output)
    assert (entry is not None and entry.state == "done") == renamed
    assert not temporary.exists()


def test_a_living_run_s_item_is_held_and_a_dead_one_s_is_not(tmp_path: Path) -> None:
    code = "journal.claim(root / 'a.jpg', None, claim)"
    with another_run(tmp_path, code) as other, Journal(tmp_path, "settings") as journal:
        entry = journal.entry(tmp_path / "a.jpg")
        assert entry is not None
        assert journal.is_held("a.jpg")
        other.kill()
        other.wait()
        assert not journal.is_held("a.jpg")
        assert journal.entry(tmp_path / "a.jpg") is None


def test_what_a_run_beside_this_one_has_done_is_told_from_what_was_there_before(tmp_path: Path) -> None:
    with Journal(tmp_path, "settings") as before:
        write(before, tmp_path / "before.jpg", b"x")
    code = "journal.claim(root / 'a.jpg', None, claim); journal.done(root / 'a.jpg'); journal.is_held('a.jpg')"
    with another_run(tmp_path, code), Journal(tmp_path, "settings") as journal:
        with another_run(tmp_path, code.replace("a.jpg", "b.jpg") + "; journal.close()"):
            pass  # begun after this one, and over already
        beside = {}
        for name in ("before", "a", "b"):
            entry = journal.entry(tmp_path / f"{name}.jpg")
            assert entry is not None
            beside[name] = journal.is_beside(entry)
    assert beside == {"before": False, "a": True, "b": True}


def test_a_claim_on_an_entry_that_has_changed_meanwhile_fails(tmp_path: Path) -> None:
    with Journal(tmp_path, "settings") as journal:
        assert journal.claim(tmp_path / "a.jpg", None, NIGHT)
        assert not journal.claim(tmp_path / "a.jpg", None, NIGHT)


def test_another_name_is_free_on_disk_and_in_the_journal(tmp_path: Path) -> None:
    output = tmp_path / "a.jpg"
    (tmp_path / "a_1.jpg").touch()
    with Journal(tmp_path, "settings") as journal:
        assert journal.claim_another_name(output, NIGHT).output == "a_2.jpg"
        assert journal.claim_another_name(output, Claim("other", "b.jpg", ())).output == "a_3.jpg"


def test_claims_that_came_to_nothing_are_given_back(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), Journal(tmp_path, "settings") as journal:
        journal.claim(tmp_path / "a.jpg", None, NIGHT)
        raise ZeroDivisionError
    with Journal(tmp_path, "settings") as journal:
        assert journal.entry(tmp_path / "a.jpg") is None


def test_other_settings_are_refused_while_a_run_lives(tmp_path: Path) -> None:
    with another_run(tmp_path, "", settings="day"):
        with Journal(tmp_path, "day"):
            pass
        with pytest.raises(OutputBusy, match=r"other settings \(process \d+ on .*wait for it to end"):
            Journal(tmp_path, "night")
    with Journal(tmp_path, "night"):
        pass


def test_runs_that_write_one_file_each_do_not_disturb_each_other(tmp_path: Path) -> None:
    with another_run(tmp_path, "journal.close(); journal = Journal(root, 'day', root / 'day.jpg')"):
        with Journal(tmp_path, "night", tmp_path / "night.jpg"):
            pass
        for file in (tmp_path / "day.jpg", None):
            with pytest.raises(OutputBusy):
                Journal(tmp_path, "night", file)


def test_a_journal_put_beside_it_is_taken_in(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for root, name in ((here, "a.jpg"), (there, "b.jpg"), (there, "a.jpg")):
        root.mkdir(exist_ok=True)
        with Journal(root, "settings") as journal:
            write(journal, root / name, root.name.encode())
    (there / "b.jpg").rename(here / "b.jpg")
    (there / ".ip2p" / "journal.sqlite").rename(here / ".ip2p" / "journal-there.sqlite")
    with Journal(here, "settings") as journal:
        for name in ("a.jpg", "b.jpg"):
            entry = journal.entry(here / name)
            assert entry is not None
            assert journal.is_intact(entry)
    assert sorted(os.listdir(here / ".ip2p")) == ["journal.sqlite", "runs.lock"]


@pytest.mark.parametrize("damage", ["start", "middle", "no database"])
def test_a_damaged_journal_is_named_with_the_way_out(tmp_path: Path, damage: str) -> None:
    with Journal(tmp_path, "settings") as journal:
        write(journal, tmp_path / "a.jpg", b"data")
    file = tmp_path / ".ip2p" / "journal.sqlite"
    data = file.read_bytes()
    kept = {"start": 0, "middle": 4096, "no database": 0}[damage]
    file.write_bytes(b"text, not a database" * 60 if damage == "no database" else data[:kept].ljust(len(data), b"\xaa"))
    says = r"is damaged .* the outputs are unharmed: move it away"
    with pytest.raises(EnvironmentStop, match=says), Journal(tmp_path, "settings") as journal:
        journal.entry(tmp_path / "a.jpg")
    assert (tmp_path / "a.jpg").read_bytes() == b"data"


def test_a_journal_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    with Journal(tmp_path, "settings"):
        pass
    with sqlite3.connect(tmp_path / ".ip2p" / "journal.sqlite") as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(EnvironmentStop, match="another version of ip2p"):
        Journal(tmp_path, "settings")


def test_keys_differ_with_bytes_and_with_settings() -> None:
    keys = {key_of(b"a", {"x": 1}), key_of(b"b", {"x": 1}), key_of(b"a", {"x": 2}), key_of(b"a", {"y": 1})}
    assert len(keys) == 4
    assert key_of(b"a", {"x": 1, "y": 2}) == key_of(b"a", {"y": 2, "x": 1})


@pytest.mark.parametrize("is_in_place", [False, True])
def test_what_a_worker_of_this_run_left_is_free_or_done(tmp_path: Path, is_in_place: bool) -> None:
    output, temporary = tmp_path / "a.jpg", tmp_path / temporary_name("a.jpg", "3")
    claim = Claim("key", "a.jpg", ())
    with Journal(tmp_path, "settings") as journal:
        journal.give_back(output)  # nothing is known of it
        assert journal.claim(output, None, claim)
        journal.prepared(output, digest_of(b"data"))
        (output if is_in_place else temporary).write_bytes(b"data")
        journal.give_back(output)
        entry = journal.entry(output)
        assert (None if entry is None else entry.state) == ("done" if is_in_place else None)
        assert not temporary.exists()
        journal.give_back(output)
        assert journal.entry(output) == entry, "what is done stays"


def test_what_another_run_has_in_hand_is_not_given_back(tmp_path: Path) -> None:
    with another_run(tmp_path, "journal.claim(root / 'a.jpg', None, claim)"), Journal(tmp_path, "settings") as journal:
        journal.give_back(tmp_path / "a.jpg")
        assert journal.is_held("a.jpg")
