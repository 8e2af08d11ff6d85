"""The instruction stage: nothing lost, nothing doubled, whatever the engine does and wherever the run ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from ip2p_cli.api import CaptionTask, EditAnswer, EnvironmentStop, UsageError, Verdict
from ip2p_gen_data.instructions import stage
from ip2p_gen_data.instructions.judge import Judge
from ip2p_gen_data.instructions.shards import STAGE, read_rows, rejected_file, shard_file
from ip2p_gen_data.instructions.stage import TRIES, make_instructions, row_seed
from ip2p_gen_data.intermediate import stage_folder

CAPTIONS = [f"a {colour} house number {number}" for number in range(5) for colour in ("red", "blue", "white")]
SETTINGS = {"engine": "test", "seed": 3}
Answerer = Callable[[CaptionTask], EditAnswer]


def good(task: CaptionTask) -> EditAnswer:
    return EditAnswer(f"add tower {task.seed % 1000}", f"{task.caption} with a tower")


def engine(answer: Answerer, asked: list[CaptionTask] | None = None) -> Callable[[Sequence[CaptionTask]], Any]:
    def run(tasks: Sequence[CaptionTask]) -> list[EditAnswer]:
        if asked is not None:
            asked.extend(tasks)
        return [answer(task) for task in tasks]

    return run


def judge(blocked: str = "\0") -> Judge:
    return Judge(lambda text: Verdict.block("rude") if blocked in text else Verdict.allow())


def run(folder: Path, answer: Answerer = good, captions: Sequence[str] = CAPTIONS, **others: Any) -> None:
    settings = {**SETTINGS, **others.pop("settings", {})}
    list(make_instructions(folder, captions, engine(answer), others.pop("judge", judge()), settings))


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "ROWS_PER_SHARD", 4)


def everything(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in stage_folder(folder, STAGE).iterdir()}


def test_every_caption_gets_one_row_in_order(tmp_path: Path) -> None:
    run(tmp_path)
    rows = list(read_rows(tmp_path))
    assert [(row["row"], row["input"]) for row in rows] == list(enumerate(CAPTIONS))
    assert rows[7]["output"] == f"{CAPTIONS[7]} with a tower"
    assert rows[7]["seed"] == row_seed(3, 7, 0)
    assert not list(read_rows(tmp_path, rejected=True))


def test_only_the_hidden_folder_is_written_to(tmp_path: Path) -> None:
    run(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".gen-data"]
    datasets = pytest.importorskip("datasets")
    (tmp_path / "train.csv").write_text("a\n1\n")
    assert datasets.load_dataset(str(tmp_path))["train"].column_names == ["a"]


@pytest.mark.parametrize("shards_before", [0, 1, 3])
def test_a_run_that_ends_anywhere_goes_on_to_the_same_bytes(tmp_path: Path, shards_before: int) -> None:
    run(tmp_path / "whole")
    left = shards_before * stage.ROWS_PER_SHARD + 1

    def dying(task: CaptionTask) -> EditAnswer:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt
        return good(task)

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", dying)
    assert len(list(read_rows(tmp_path / "cut"))) == shards_before * stage.ROWS_PER_SHARD
    asked: list[CaptionTask] = []
    list(make_instructions(tmp_path / "cut", CAPTIONS, engine(good, asked), judge(), SETTINGS))
    assert len(asked) == len(CAPTIONS) - shards_before * stage.ROWS_PER_SHARD
    assert everything(tmp_path / "cut") == everything(tmp_path / "whole")


def test_killed_between_the_two_files_of_a_shard(tmp_path: Path) -> None:
    def half(task: CaptionTask) -> EditAnswer:
        return good(task) if "red" in task.caption else EditAnswer(problem="tired")

    run(tmp_path, half)
    before = everything(tmp_path)
    shard_file(tmp_path, 1).unlink()
    assert rejected_file(tmp_path, 1).exists()
    run(tmp_path, half)
    assert everything(tmp_path) == before


def test_what_is_not_kept_is_asked_again_with_other_seeds_then_rejected_with_all_reasons(tmp_path: Path) -> None:
    asked: list[CaptionTask] = []

    def second_time(task: CaptionTask) -> EditAnswer:
        tries = sum(other.caption == task.caption for other in asked)
        if "blue" in task.caption:
            return EditAnswer("paint it", task.caption)
        return good(task) if tries == 2 else EditAnswer(problem="mumbled", raw="mm")

    list(make_instructions(tmp_path, CAPTIONS, engine(second_time, asked), judge(), SETTINGS))
    kept, rejected = list(read_rows(tmp_path)), list(read_rows(tmp_path, rejected=True))
    assert sorted(row["row"] for row in [*kept, *rejected]) == list(range(len(CAPTIONS)))
    assert {row["tries"] for row in kept} == {2}
    assert all("blue" in row["input"] for row in rejected)
    assert {row["reason"] for row in rejected} == {"caption unchanged"}
    assert all(len(row["tries"]) == TRIES for row in rejected)
    assert len({task.seed for task in asked}) == len(asked)


def test_a_double_is_dropped_also_across_shards_and_runs(tmp_path: Path) -> None:
    captions = ["a red house", "a blue house", "A red house!", "a dog", "a red  house", "a cat"]

    def same(task: CaptionTask) -> EditAnswer:
        return EditAnswer("add a tower", f"{task.caption} with a tower")

    run(tmp_path, same, captions)
    assert [row["row"] for row in read_rows(tmp_path)] == [0, 1, 3, 5]
    assert [(row["row"], row["reason"]) for row in read_rows(tmp_path, rejected=True)] == [
        (2, "duplicate"),
        (4, "duplicate"),
    ]
    before = everything(tmp_path)
    shard_file(tmp_path, 1).unlink()
    run(tmp_path, same, captions)
    assert everything(tmp_path) == before


def test_the_text_checks_see_caption_instruction_and_edited_caption(tmp_path: Path) -> None:
    asked: list[CaptionTask] = []
    captions = ["a rude house", "a house", "a quiet house"]

    def answer(task: CaptionTask) -> EditAnswer:
        return EditAnswer("make it rude" if "quiet" in task.caption else "paint it", f"{task.caption}, painted")

    list(make_instructions(tmp_path, captions, engine(answer, asked), judge("rude"), SETTINGS))
    assert [row["input"] for row in read_rows(tmp_path)] == ["a house"]
    rejected = list(read_rows(tmp_path, rejected=True))
    assert [(row["reason"], row["tries"][-1]["detail"]) for row in rejected] == [("blocked", "rude")] * 2
    assert "a rude house" not in [task.caption for task in asked]  # no model's time for what is refused anyway


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"settings": {"seed": 4}}, "seed"),
        ({"captions": CAPTIONS[::-1]}, "captions"),
        ({"captions": CAPTIONS[:-1]}, "rows"),
    ],
)
def test_other_settings_or_captions_are_refused_and_named(tmp_path: Path, changed: dict[str, Any], named: str) -> None:
    run(tmp_path)
    with pytest.raises(UsageError, match=rf"other settings \(.*{named}.*\)"):
        run(tmp_path, **changed)


def test_an_engine_that_stops_the_run_loses_nothing(tmp_path: Path) -> None:
    def down(task: CaptionTask) -> EditAnswer:
        raise EnvironmentStop("no server")

    run(tmp_path / "whole")
    with pytest.raises(EnvironmentStop):
        run(tmp_path / "cut", down)
    run(tmp_path / "cut")
    assert everything(tmp_path / "cut") == everything(tmp_path / "whole")


def test_an_engine_that_gives_too_few_answers_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="engine 'test' gave 0 answers to 4"):
        list(make_instructions(tmp_path, CAPTIONS, lambda tasks: [], judge(), SETTINGS))


def test_an_engine_that_crashes_is_named_and_loses_nothing(tmp_path: Path) -> None:
    def crashes(task: CaptionTask) -> EditAnswer:
        if task.caption == CAPTIONS[9]:
            raise KeyError("no such word")
        return good(task)

    with pytest.raises(UsageError, match=r"engine 'test' failed \(KeyError: 'no such word'\).*choose another --lm"):
        run(tmp_path, crashes)
    assert len(list(read_rows(tmp_path))) == 8  # two whole shards
    run(tmp_path)
    assert len(list(read_rows(tmp_path))) == len(CAPTIONS)


def test_progress_counts_up_to_the_end(tmp_path: Path) -> None:
    steps = list(make_instructions(tmp_path, CAPTIONS, engine(good), judge(), SETTINGS))
    assert steps == [(4, 15), (8, 15), (12, 15), (15, 15)]


def test_a_full_disk_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(EnvironmentStop, match=r"cannot write .*same command again"):
        run(tmp_path)


def test_a_file_in_the_way_is_the_users_to_solve(tmp_path: Path) -> None:
    (tmp_path / ".gen-data").write_text("in the way")
    with pytest.raises(UsageError, match=r"cannot write .*choose another -o"):
        run(tmp_path)


def test_rows_are_json_lines_that_people_can_read(tmp_path: Path) -> None:
    run(tmp_path, captions=["ein Häuschen"])
    [line] = shard_file(tmp_path, 0).read_text(encoding="utf-8").splitlines()
    assert "Häuschen" in line
    assert set(json.loads(line)) == {"row", "input", "edit", "output", "engine", "seed", "tries"}


@pytest.mark.parametrize(
    ("edit", "output", "reason"),
    [
        ("", "a red barn at night", "empty instruction"),
        ("make it night", " . ", "empty caption"),
        ("make it night", "A red barn.", "caption unchanged"),
        ("make it ## night", "a red barn at night", "delimiter in the text"),
        ("x" * 300, "a red barn at night", "instruction too long"),
        ("make it night", "a red barn " + "at night " * 40, "caption too long"),
        ("blue barn at night", "Blue barn at night", "caption repeats the instruction"),
        ("make it night", "der Wald bei Nacht", "another caption"),
    ],
)
def test_answers_without_sense_are_rejected_by_name(edit: str, output: str, reason: str) -> None:
    refusal = judge().answer("a red barn", EditAnswer(edit, output))
    assert refusal is not None
    assert refusal.reason == reason
