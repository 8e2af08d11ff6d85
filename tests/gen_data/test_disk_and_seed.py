"""`gen-data`: disks, files in the way and odd seeds end as one line, and never as a bug."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from ip2p_cli.api import EnvironmentStop, ModelError, Pair, read_pairs, write_shard
from ip2p_gen_data.clip_filter.model import load_clip
from ip2p_gen_data.compose.crops import seeds_of
from ip2p_gen_data.generate import generate
from ip2p_gen_data.world.training import make_world
from tests.commands.conftest import CommandLine
from tests.gen_data.test_generate import make


@pytest.mark.parametrize(
    "command",
    [
        ["gen-data", "--engine", "compose", "-n", "4"],
        ["gen-data", "instructions", "--lm", "grammar", "--limit", "2"],
        ["gen-data", "pairs", "--prompts", "rows.jsonl", "--model", "nosuch"],
        ["gen-data", "import", "layout"],
        ["gen-data", "export", "data"],
        ["gen-data", "finetune-lm", "--base", "nosuch"],
    ],
)
def test_a_file_in_the_place_of_the_output_is_said_before_any_work(
    ip2p: CommandLine, tmp_path: Path, command: list[str]
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "rows.jsonl").write_text('{"input": "a barn", "edit": "paint it", "output": "a red barn"}\n')
    answer = ip2p(*command, "-o", "file")
    assert answer.code == 2
    [line] = answer.err.splitlines()
    assert "file" in line and "-o" in line
    assert (tmp_path / "file").read_bytes() == b""


def test_a_folder_of_photos_is_no_place_for_a_language_model(ip2p: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").touch()
    answer = ip2p("gen-data", "finetune-lm", "--base", "nosuch", "-o", "photos")
    assert answer.code == 2
    assert "photos holds a.jpg and no run or checkpoint of ip2p" in answer.err


def test_a_full_disk_stops_a_shard_and_leaves_no_half_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(EnvironmentStop, match="No space left on device; make room"):
        write_shard(tmp_path, 0, 1, [Pair(b"a", "b", b"c")])
    assert not os.listdir(tmp_path)


class Full:
    """Makes no pairs: the disk is full. It travels to another process."""

    settings: dict[str, object] = {}  # noqa: RUF012

    def shard(self, index: int, count: int) -> list[Pair]:
        raise EnvironmentStop("cannot write it: No space left on device; make room")


def test_what_stops_a_process_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentStop, match="make room"):
        generate(tmp_path / "data", Full(), 4, 1, 1)  # type: ignore[arg-type]
    make(tmp_path / "other", [])  # a folder that a failed run has left is as good as new


def test_seeds_are_any_numbers_and_those_of_old_datasets_stay() -> None:
    assert seeds_of(5, 0, 1) == [3598628658]
    assert len({tuple(seeds_of(seed, 0)) for seed in (-2, -1, 0, 1, 2, 10**30)}) == 6


def test_a_negative_seed_makes_a_dataset_of_its_own(ip2p: CommandLine, tmp_path: Path) -> None:
    for seed in ("-1", "1"):
        command = ["gen-data", "--engine", "compose", "-n", "2", "--size", "64", "--workers", "1"]
        assert ip2p(*command, "--seed", seed, "-o", seed.replace("-", "m")).code == 0
    first, second = ([row["original_image"] for row in read_pairs(tmp_path / name)] for name in ("m1", "1"))
    assert first != second
    assert ip2p("gen-data", "instructions", "--lm", "grammar", "--limit", "2", "--seed", "-1", "-o", "own").code == 0


def test_the_world_takes_any_seed() -> None:
    assert make_world({"seed": -1}).texts([0]) != make_world({"seed": 0}).texts([0])


def test_a_language_model_that_is_not_here_is_said_so_offline(ip2p: CommandLine) -> None:
    answer = ip2p("gen-data", "finetune-lm", "--base", "nosuch", "--offline", "-o", "lm")
    assert answer.code == 2
    [line] = answer.err.splitlines()
    assert "'nosuch' is not on this machine" in line
    assert "leave out --offline, or give a folder" in line


def test_a_clip_that_is_not_here_is_said_so_offline() -> None:
    with pytest.raises(ModelError, match=r"'nosuch' is not on this machine.*leave out --offline, or give a folder"):
        load_clip("nosuch", device="cpu", offline=True)
