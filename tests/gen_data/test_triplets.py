"""The shipped triplets are what they are said to be: 700, balanced, each a small change, none like another."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from pathlib import Path

import pytest

from ip2p_cli.api import EditAnswer, UsageError, Verdict
from ip2p_gen_data.instructions.judge import Judge, words
from ip2p_gen_data.instructions.prompt import completion, read_answer
from ip2p_gen_data.instructions.triplets import read_triplets

TRIPLETS = read_triplets()


def likeness(first: set[str], second: set[str]) -> float:
    """Jaccard's: shared words to all words."""
    return len(first & second) / len(first | second)


def test_there_are_700_of_balanced_kinds() -> None:
    kinds = Counter(triplet.kind for triplet in TRIPLETS)
    assert len(TRIPLETS) == 700
    assert set(kinds) == {"style", "object", "attribute", "scene"}
    assert max(kinds.values()) <= 1.2 * min(kinds.values())


def test_none_is_there_twice() -> None:
    for name in ("input", "edit", "output"):
        values = [" ".join(words(getattr(triplet, name))) for triplet in TRIPLETS]
        assert not [value for value, count in Counter(values).items() if count > 1]


def test_none_is_nearly_another() -> None:
    captions = [set(words(triplet.input)) for triplet in TRIPLETS]
    wholes = [set(words(f"{t.input} {t.edit} {t.output}")) for t in TRIPLETS]
    for first, second in itertools.combinations(range(len(TRIPLETS)), 2):
        assert likeness(wholes[first], wholes[second]) < 0.6
        assert likeness(captions[first], captions[second]) < 0.7


def test_each_is_a_small_change_in_clean_text() -> None:
    for triplet in TRIPLETS:
        for text in (triplet.input, triplet.edit, triplet.output):
            assert text == text.strip()
            assert not set(text) & set("{}<>|_")
            assert not re.search(r"  | [,.]", text)
        before, after = words(triplet.input), words(triplet.output)
        assert before != after
        assert len(set(before) & set(after)) >= 0.4 * len(set(before)), triplet
        assert abs(len(after) - len(before)) <= 8, triplet


def test_they_come_in_all_lengths_and_tones() -> None:
    lengths = [len(words(triplet.input)) for triplet in TRIPLETS]
    edits = [triplet.edit for triplet in TRIPLETS]
    assert min(lengths) <= 3
    assert max(lengths) >= 25
    assert sum("please" in edit.lower() for edit in edits) >= 20
    assert sum(edit.endswith("?") for edit in edits) >= 10
    assert len({words(edit)[0] for edit in edits}) >= 120  # no one opening rules
    assert max(Counter(words(edit)[0] for edit in edits).values()) <= 175


def test_every_one_would_be_kept_and_survives_the_text_form() -> None:
    judge = Judge(lambda text: Verdict.allow())
    for triplet in TRIPLETS:
        answer = read_answer(completion(triplet.edit, triplet.output))
        assert (answer.edit, answer.output) == (triplet.edit, triplet.output)
        assert judge.answer(triplet.input, answer) is None


def test_a_line_that_is_no_triplet_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text('{"caption": "a\\nb", "edit": "c", "output": "d"}\n\n{"input": "a", "edit": 3, "output": "d"}\n')
    with pytest.raises(UsageError, match=r"mine.jsonl, line 3"):
        read_triplets(path)
    path.write_text('{"caption": "a\\nb", "edit": "c", "output": "d"}\n')
    assert read_triplets(path)[0].input == "a b"
    path.write_text("\n")
    with pytest.raises(UsageError, match="no triplets"):
        read_triplets(path)
    with pytest.raises(UsageError, match="cannot read"):
        read_triplets(tmp_path / "none.jsonl")


def test_an_answer_without_the_form_is_a_problem() -> None:
    assert read_answer("make it red").problem
    assert read_answer("make it red\n%%\na red house\nENDless talk\n%%\n") == EditAnswer(
        "make it red", "a red house", raw="make it red\n%%\na red house\nENDless talk\n%%\n"
    )
