"""The pair stage and the filter on disk: resumable, repeatable, and only finished pairs in view."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from ip2p_cli.api import COLUMNS, EnvironmentStop, UsageError, read_pairs
from ip2p_gen_data import publish as publishing
from ip2p_gen_data.candidates import finished_shards, shard_file
from ip2p_gen_data.clip_filter.rules import Rules, Threshold
from ip2p_gen_data.clip_filter.scores import score_shards
from ip2p_gen_data.clip_filter.stage import decisions_file, filter_candidates, filter_settings
from ip2p_gen_data.p2p.config import DrawConfig
from ip2p_gen_data.p2p.engine import ImagePair
from ip2p_gen_data.p2p.stage import Work, make_candidates
from ip2p_gen_data.prompts import CaptionPair, read_caption_pairs
from tests.gen_data.tiny_models import write_lines

PAIRS = [CaptionPair(row, f"caption {row}", f"edit {row}", f"edited {row}") for row in range(5)]
DRAWS = DrawConfig(samples=4, seed=9)  # 20 candidates, 6 a shard: 4 shards
LOW = Rules(*(Threshold(-1.0),) * 3)


class FakeEngine:
    """Pictures made of the sample's seed, counted; it can be told to die."""

    def __init__(self, dies_after: int = 10**9, blank: int = -1) -> None:
        self.made, self.dies_after, self.blank = 0, dies_after, blank

    def __call__(self, work: Sequence[Work]) -> list[ImagePair | None]:
        found: list[ImagePair | None] = []
        for pair, sample in work:
            if self.made == self.dies_after:
                raise KeyboardInterrupt
            self.made += 1
            rng = np.random.default_rng(sample.seed)
            noise = [Image.fromarray(rng.integers(0, 255, (16, 16, 3), np.uint8)) for _ in range(2)]
            found.append(None if pair.row * 4 + sample.sample == self.blank else ImagePair(*noise))
        return found


class FakeClip:
    """Vectors made of the pictures' bytes and the captions' letters."""

    loaded = 0

    def images(self, pictures: Sequence[Image.Image]) -> torch.Tensor:
        vectors = [np.asarray(one.resize((4, 1)), np.float32).ravel() - 128 for one in pictures]
        return torch.nn.functional.normalize(torch.from_numpy(np.stack(vectors)), dim=-1)

    def texts(self, captions: Sequence[str]) -> torch.Tensor:
        vectors = [np.random.default_rng(list(text.encode())).standard_normal(12) for text in captions]
        return torch.nn.functional.normalize(torch.from_numpy(np.stack(vectors)).float(), dim=-1)


def make(
    folder: Path, engine: FakeEngine | None = None, pairs: Sequence[CaptionPair] = PAIRS, **more: Any
) -> FakeEngine:
    engine = engine or FakeEngine()
    list(
        make_candidates(folder, pairs, lambda device: engine, DRAWS, {"model": "m", **more}, batch_size=4, per_shard=6)
    )
    return engine


def score(folder: Path, clip: Any = FakeClip) -> None:
    list(score_shards(folder, finished_shards(folder), "fake", clip, batch_size=5))


def candidates(folder: Path) -> list[dict[str, Any]]:
    return [row for shard in finished_shards(folder) for row in pq.read_table(shard).to_pylist()]


@pytest.fixture
def scored(tmp_path: Path) -> Path:
    make(tmp_path / "data")
    score(tmp_path / "data")
    return tmp_path / "data"


def test_every_sample_of_every_caption_pair_is_there_once(tmp_path: Path) -> None:
    assert make(tmp_path).made == 20
    rows = candidates(tmp_path)
    assert [(row["row"], row["sample"]) for row in rows] == [(row, sample) for row in range(5) for sample in range(4)]
    assert len({row["seed"] for row in rows}) == 20
    assert all(row["edited_prompt"] == f"edited {row['row']}" and row["engine"] == "p2p" for row in rows)


@pytest.mark.parametrize("dies_after", [0, 3, 6, 13, 19])
def test_killed_anywhere_it_goes_on_and_no_row_is_lost_or_doubled(tmp_path: Path, dies_after: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path / "killed", FakeEngine(dies_after))
    with pytest.raises(UsageError, match="missing"):
        finished_shards(tmp_path / "killed")
    assert make(tmp_path / "killed").made == 20 - dies_after // 6 * 6
    assert make(tmp_path / "killed").made == 0
    make(tmp_path / "whole")
    assert candidates(tmp_path / "killed") == candidates(tmp_path / "whole")


def test_progress_counts_what_an_earlier_run_has_done(tmp_path: Path) -> None:
    make(tmp_path)
    shard_file(tmp_path, 1).unlink()
    told = list(make_candidates(tmp_path, PAIRS, lambda device: FakeEngine(), DRAWS, {"model": "m"}, 4, per_shard=6))
    assert told == [(14, 20), (18, 20), (20, 20)]


def test_other_settings_or_captions_in_one_folder_are_refused(tmp_path: Path) -> None:
    make(tmp_path)
    with pytest.raises(UsageError, match=r"other settings \(model\)"):
        make(tmp_path, model="other")
    with pytest.raises(UsageError, match=r"other settings \(captions\)"):
        make(tmp_path, pairs=[*PAIRS[:4], CaptionPair(4, "x", "y", "z")])


def test_a_full_disk_stops_the_run_with_a_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(EnvironmentStop, match="make room"):
        make(tmp_path)
    assert not list(tmp_path.rglob("*.tmp"))


def test_the_dataset_holds_what_is_kept_with_its_provenance(scored: Path) -> None:
    result = filter_candidates(scored, "fake", Rules(*(Threshold(-1.0),) * 3, best=2))
    assert (result.kept, result.candidates, result.shards) == (10, 20, 1)
    rows = list(read_pairs(scored, list(COLUMNS)))
    assert len(rows) == 10
    by_seed = {row["seed"]: row for row in candidates(scored)}
    for row in rows:
        source = by_seed[row["seed"]]
        assert all(row[name] == source[name] for name in source if name in COLUMNS)
        assert all(isinstance(row[name], float) for name in COLUMNS if name.startswith("clip_sim"))
    decided = pq.read_table(decisions_file(scored)).to_pylist()
    assert {row["seed"] for row in decided if row["reason"] == "kept"} == {row["seed"] for row in rows}
    assert filter_settings(scored) == {
        "scores": "fake", "image": "-1", "direction": "-1", "caption": "-1", "best": 2
    }  # fmt: skip


def test_filtering_again_needs_no_model_and_replaces_the_dataset(scored: Path) -> None:
    filter_candidates(scored, "fake", LOW)
    score(scored, clip=None)  # would fail if it were called
    assert filter_candidates(scored, "fake", Rules(*(Threshold(0.5, True),) * 3)).kept < 20
    kept = filter_candidates(scored, "fake", LOW).kept
    assert kept == len(list(read_pairs(scored))) == 20


def test_a_shard_that_was_drawn_anew_is_scored_anew(scored: Path) -> None:
    shard_file(scored, 2).unlink()
    make(scored)
    with pytest.raises(TypeError):
        score(scored, clip=None)
    score(scored)


def test_a_candidate_without_pictures_is_kept_on_record_and_out_of_the_dataset(tmp_path: Path) -> None:
    make(tmp_path, FakeEngine(blank=7))
    score(tmp_path)
    assert filter_candidates(tmp_path, "fake", LOW).reasons == {"kept": 19, "not finite": 1}


def test_rules_that_keep_nothing_say_so_and_leave_the_dataset(scored: Path) -> None:
    filter_candidates(scored, "fake", LOW)
    with pytest.raises(UsageError, match="clip_sim_image too low: 20"):
        filter_candidates(scored, "fake", Rules(image=Threshold(1.5)))
    assert len(list(read_pairs(scored))) == 20


def test_only_finished_pairs_are_in_view(tmp_path: Path) -> None:
    make(tmp_path)
    with pytest.raises(UsageError, match="no dataset"):
        list(read_pairs(tmp_path))


def test_a_dataset_of_another_kind_is_never_replaced(scored: Path, tmp_path: Path) -> None:
    (scored / "data-00000-of-00001.parquet").write_bytes(b"somebody's")
    with pytest.raises(UsageError, match="made by another command"):
        filter_candidates(scored, "fake", LOW)


def killed_at(monkeypatch: pytest.MonkeyPatch, call: int) -> None:
    """The process dies at one of the moves or writes of publishing."""
    calls: Iterator[int] = iter(range(10**6))

    def dying(real: Any) -> Any:
        def wrapped(*arguments: Any) -> Any:
            if next(calls) == call:
                raise KeyboardInterrupt
            return real(*arguments)

        return wrapped

    monkeypatch.setattr(publishing, "PAIRS_PER_SHARD", 7)
    monkeypatch.setattr(publishing.os, "replace", dying(publishing.os.replace))


@pytest.mark.parametrize("call", range(10))
def test_publishing_killed_anywhere_is_finished_by_the_same_command(
    scored: Path, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    filter_candidates(scored, "fake", Rules(*(Threshold(-1.0),) * 3, best=1))
    with monkeypatch.context() as patch:
        killed_at(patch, call)
        with contextlib.suppress(KeyboardInterrupt):
            filter_candidates(scored, "fake", LOW)
    monkeypatch.setattr(publishing, "PAIRS_PER_SHARD", 7)
    filter_candidates(scored, "fake", LOW)
    rows = list(read_pairs(scored))
    assert len(rows) == len({row["seed"] for row in rows}) == 20
    assert sorted(path.name for path in scored.iterdir()) == [
        ".gen-data", *(f"data-0000{index}-of-00003.parquet" for index in range(3))
    ]  # fmt: skip


def test_caption_pairs_come_from_the_instruction_stage_or_a_file(tmp_path: Path) -> None:
    rows = [{"row": 4, "input": "a  cat", "edit": "make it a dog", "output": "a dog"}]
    write_lines(tmp_path / ".gen-data" / "instructions" / "shard-00000.jsonl", rows)
    write_lines(tmp_path / ".gen-data" / "instructions" / "rejected-00000.jsonl", [{"no": 1}])
    assert read_caption_pairs(tmp_path) == [CaptionPair(0, "a cat", "make it a dog", "a dog")]
    both = [{"caption": "x", "edit": "y", "output": "z", "weights": {"z": 2}}, *rows]
    found = read_caption_pairs(tmp_path, write_lines(tmp_path / "own.jsonl", both))
    assert [(pair.row, pair.original) for pair in found] == [(0, "x"), (1, "a cat")] and found[0].weights == {"z": 2.0}


@pytest.mark.parametrize("line", ["no json", "[]", json.dumps({"input": "a", "edit": "b"}), '{"edit":"","output":"c"}'])
def test_a_line_that_is_no_caption_pair_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "own.jsonl").write_text(f"\n{line}\n")
    with pytest.raises(UsageError, match="line 2: no caption pair"):
        read_caption_pairs(tmp_path, tmp_path / "own.jsonl")
    with pytest.raises(UsageError, match="run `ip2p gen-data instructions`"):
        read_caption_pairs(tmp_path)


def test_datasets_opens_the_finished_pairs_and_nothing_else(scored: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    filter_candidates(scored, "fake", Rules(*(Threshold(-1.0),) * 3, best=2))
    loaded = datasets.load_dataset(str(scored), cache_dir=str(tmp_path / "cache"))
    assert list(loaded) == ["train"] and loaded["train"].num_rows == 10
    assert list(loaded["train"].features) == list(COLUMNS)
    assert loaded["train"][0]["edited_image"].size == (16, 16)
