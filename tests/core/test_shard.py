"""Shards: every photo is in exactly one, and stays there."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from ip2p_cli.errors import UsageError
from ip2p_cli.shard import Shard, parse_shard, shard_from_environment
from ip2p_cli.types import Source

PHOTOS = [Source(None, PurePosixPath(f"trip/{number}.jpg")) for number in range(300)]


@pytest.mark.parametrize("count", [1, 2, 7])
def test_every_photo_is_in_exactly_one_of_shards_of_like_size(count: int) -> None:
    parts = [[photo for photo in PHOTOS if Shard(index, count).has(photo)] for index in range(count)]
    assert sorted(str(photo.relative) for part in parts for photo in part) == sorted(str(p.relative) for p in PHOTOS)
    assert min(map(len, parts)) > 300 / count / 2


def test_a_photo_stays_in_its_shard_whatever_is_beside_it() -> None:
    assert [number for number, photo in enumerate(PHOTOS[:12]) if Shard(0, 3).has(photo)] == [1, 5, 10, 11]


def test_parsing() -> None:
    assert parse_shard("0/1") == Shard(0, 1)
    assert str(parse_shard("3/4")) == "3/4"
    for text in ("4/4", "-1/4", "1", "1/0", "a/b", "1/4/5", ""):
        with pytest.raises(UsageError, match="--shard 0/4 to --shard 3/4"):
            parse_shard(text)


@pytest.mark.parametrize(
    ("variables", "shard"),
    [
        ({"RANK": "1", "WORLD_SIZE": "4"}, Shard(1, 4)),
        ({"RANK": "0", "WORLD_SIZE": "1"}, None),
        ({"RANK": "1"}, None),
        ({"SLURM_ARRAY_TASK_ID": "2", "SLURM_ARRAY_TASK_COUNT": "3", "RANK": "0", "WORLD_SIZE": "2"}, Shard(2, 3)),
        ({"SLURM_ARRAY_TASK_ID": "1", "SLURM_ARRAY_TASK_COUNT": "3", "SLURM_ARRAY_TASK_MIN": "1"}, Shard(0, 3)),
        (
            {
                "SLURM_ARRAY_TASK_ID": "9",
                "SLURM_ARRAY_TASK_COUNT": "3",
                "SLURM_ARRAY_TASK_MIN": "1",
                "SLURM_ARRAY_TASK_STEP": "4",
            },
            Shard(2, 3),
        ),
    ],
)
def test_the_environment_of_a_cluster(variables: dict[str, str], shard: Shard | None) -> None:
    found = shard_from_environment(variables)
    assert (found and found[0]) == shard


@pytest.mark.parametrize(("rank", "size"), [("4", "4"), ("x", "4"), ("-1", "4")])
def test_an_environment_that_contradicts_itself(rank: str, size: str) -> None:
    with pytest.raises(UsageError, match="--shard"):
        shard_from_environment({"RANK": rank, "WORLD_SIZE": size})
