"""The journal: what it says is done is done, and nothing else is."""

from __future__ import annotations

from pathlib import Path

from ip2p_cli.journal import Journal, digest_of, key_of


def write(journal: Journal, output: Path, data: bytes, key: str = "key") -> None:
    journal.add(output, key, digest_of(data), "a.jpg", ("make it night",))
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(data)


def test_an_output_is_found_again_by_a_later_run(tmp_path: Path) -> None:
    write(Journal(tmp_path), tmp_path / "sub" / "a.jpg", b"data")
    record = Journal(tmp_path).lookup(tmp_path / "sub" / "a.jpg")
    assert record is not None
    assert (record.output, record.key, record.source) == ("sub/a.jpg", "key", "a.jpg")
    assert record.instructions == ("make it night",)
    assert Journal(tmp_path).lookup(tmp_path / "sub" / "a.jpg") == record


def test_a_record_without_its_file_in_place_does_not_count(tmp_path: Path) -> None:
    output = tmp_path / "a.jpg"
    output.write_bytes(b"older")
    Journal(tmp_path).add(output, "key", digest_of(b"newer"), "a.jpg", ())  # killed before the rename
    assert Journal(tmp_path).lookup(output) is None


def test_the_last_record_counts(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    write(journal, tmp_path / "a.jpg", b"one", "first")
    write(journal, tmp_path / "a.jpg", b"two", "second")
    record = Journal(tmp_path).lookup(tmp_path / "a.jpg")
    assert record is not None
    assert record.key == "second"


def test_a_line_cut_short_is_forgotten_and_the_rest_is_not(tmp_path: Path) -> None:
    write(Journal(tmp_path), tmp_path / "a.jpg", b"one")
    file = tmp_path / ".ip2p" / "done.jsonl"
    file.write_bytes(file.read_bytes() + b'{"output": "b.jp')
    write(Journal(tmp_path), tmp_path / "c.jpg", b"three")
    journal = Journal(tmp_path)
    assert journal.lookup(tmp_path / "a.jpg") is not None
    assert journal.lookup(tmp_path / "c.jpg") is not None


def test_keys_differ_with_bytes_and_with_settings() -> None:
    keys = {key_of(b"a", {"x": 1}), key_of(b"b", {"x": 1}), key_of(b"a", {"x": 2}), key_of(b"a", {"y": 1})}
    assert len(keys) == 4
    assert key_of(b"a", {"x": 1, "y": 2}) == key_of(b"a", {"y": 2, "x": 1})
