"""`gen-data pairs` by several workers: the shards of one process, whoever dies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ip2p_cli.api import Ip2pError, Workplace, choose_workplace
from ip2p_cli.workers import Channel, Post
from ip2p_gen_data.candidates import finished_shards
from ip2p_gen_data.p2p.config import DrawConfig
from ip2p_gen_data.p2p.stage import make_candidates
from ip2p_gen_data.prompts import CaptionPair
from tests.gen_data.worker_engine import SeedPictures
from tests.workers.threads import ThreadLink, Threads

PAIRS = [CaptionPair(row, f"caption {row}", f"edit {row}", f"edited {row}") for row in range(5)]
DRAWS = DrawConfig(samples=4, seed=9)  # 20 candidates, 3 a shard: 7 shards


def make(folder: Path, engine: SeedPictures, place: Workplace | str | None = None) -> list[tuple[int, int]]:
    return list(make_candidates(folder, PAIRS, engine, DRAWS, {"model": "m"}, 2, per_shard=3, place=place))


def shards(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in finished_shards(folder)]


def test_two_workers_one_of_them_killed_draw_what_one_process_draws(tmp_path: Path) -> None:
    make(tmp_path / "one", SeedPictures(tmp_path))
    place = choose_workplace("cpu,cpu")
    assert place is not None and not isinstance(place, str)
    told = make(tmp_path / "two", SeedPictures(tmp_path, fatal=(2, 1)), place)
    assert (tmp_path / "killed").exists()
    assert len(told) == 8 and told[-1] == (20, 20)
    assert shards(tmp_path / "two") == shards(tmp_path / "one")
    assert not list(tmp_path.rglob("*.tmp"))
    finished_shards(tmp_path / "two")[3].unlink()
    assert make(tmp_path / "two", SeedPictures(tmp_path), place) == [(17, 20), (20, 20)]
    assert shards(tmp_path / "two") == shards(tmp_path / "one")
    assert make(tmp_path / "two", SeedPictures(tmp_path), place) == [], "no worker is started for nothing"


class Elsewhere(Threads):
    """Threads that do not see the dataset's folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(2)
        self._folder = folder

    @contextmanager
    def hired(self, main: Callable[[Any, Post, Channel], None], work: object) -> Iterator[list[ThreadLink]]:
        self._folder.rename(self._folder.with_name("where the run sees it"))
        with super().hired(main, work) as links:
            yield links


def test_a_worker_that_does_not_see_the_dataset_draws_nothing(tmp_path: Path) -> None:
    with pytest.raises(Ip2pError, match=r"does not see .*data; give -o on a file system that all share"):
        list(
            make_candidates(
                tmp_path / "data", PAIRS, SeedPictures(tmp_path), DRAWS, {}, place=Elsewhere(tmp_path / "data")
            )
        )
    assert not (tmp_path / "data").exists()
