"""Captions come out the same from every format; what is wrong with a file is one line that names it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ip2p_cli.api import MissingExtra, UsageError
from ip2p_gen_data.instructions.captions import read_captions

WANTED = ["a red barn, at noon", "zwei Kühe", "a b"]
RAW = ["a red barn, at noon ", "", "zwei Kühe", None, " a\n\tb"]


def write(folder: Path, kind: str, column: str = "caption") -> str:
    path = folder / f"captions.{kind}"
    rows = [{"id": number, column: text} for number, text in enumerate(RAW)]
    if kind == "txt":
        path.write_text("\ufeffa red barn, at noon \n\nzwei Kühe\r\n  a\t b", encoding="utf-8")
    elif kind == "jsonl":
        path.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n", encoding="utf-8")
    elif kind == "csv":
        path.write_text(
            f'id,{column}\n0,"a red barn, at noon "\n1,\n2,zwei Kühe\n3\n4," a\n\tb"\n', encoding="utf-8-sig"
        )
    else:
        table = pa.table({"id": range(5), "picture": [b"x"] * 5, column: pa.array(RAW).dictionary_encode()})
        pq.write_table(table, path)
    return str(path)


@pytest.mark.parametrize("kind", ["txt", "jsonl", "csv", "parquet"])
def test_every_format_gives_the_same_captions(tmp_path: Path, kind: str) -> None:
    assert list(read_captions(write(tmp_path, kind))) == WANTED


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_the_column_is_input_or_the_one_named(tmp_path: Path, kind: str) -> None:
    assert list(read_captions(write(tmp_path, kind, "input"))) == WANTED
    path = write(tmp_path, kind, "text")
    assert list(read_captions(path, "text")) == WANTED
    with pytest.raises(UsageError, match=r"no column input or caption; it has: .*text; choose one with --column"):
        list(read_captions(path))


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("broken.jsonl", b'{"caption": "x"}\n[1]\n', "line 2: no JSON object"),
        ("number.jsonl", b'{"caption": 3}\n', "3, which is no text"),
        ("latin.txt", b"K\xfche\n", "UTF-8"),
        ("broken.parquet", b"PAR1 no", "cannot read captions"),
        ("picture.png", b"", "give one of: .txt .jsonl .csv .parquet"),
    ],
)
def test_a_broken_file_is_named_with_the_way_out(tmp_path: Path, name: str, content: bytes, complaint: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=complaint) as caught:
        list(read_captions(str(tmp_path / name)))
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_not_taken_for_a_dataset(tmp_path: Path) -> None:
    for name in ("captions.txt", "./captions", str(tmp_path / "x")):
        with pytest.raises(UsageError, match="does not exist"):
            list(read_captions(name))


def test_a_dataset_without_the_extra_is_one_line_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtra, match=r"'owner/captions'.*pip install 'ip2p\[datasets\]'"):
        list(read_captions("owner/captions"))


def test_a_dataset_is_read_as_a_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("datasets")
    write(tmp_path, "parquet")
    monkeypatch.chdir(tmp_path.parent)
    monkeypatch.setattr(Path, "exists", lambda path: False)  # a folder stands in for an id of the hub
    assert list(read_captions(tmp_path.name)) == WANTED


def test_a_dataset_that_cannot_be_loaded_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("datasets")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Path, "exists", lambda path: False)
    with pytest.raises(UsageError, match=r"cannot load the dataset 'empty': .*; give an id of the hub, or a file"):
        list(read_captions("empty"))
