"""Corpora and data sets: repeatable, split without leaks."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from ip2p_gen_data.world.captions import held_out, parse
from ip2p_gen_data.world.corpus import ABOUT_ONE_THING, captions, rows, which_of_two, write_corpus, write_edit
from ip2p_gen_data.world.dataset import CaptionedScenes
from ip2p_gen_data.world.edits import follows
from ip2p_gen_data.world.instructions import parse_instruction
from ip2p_gen_data.world.render import render


@pytest.mark.parametrize("for_training", [True, False])
def test_a_corpus_is_true_split_and_repeatable(tmp_path: Path, for_training: bool) -> None:
    for name in ("one", "two"):
        write_corpus(tmp_path / name, 200, rows(3, for_training=for_training))
    lines = (tmp_path / "one").read_text(encoding="utf-8").splitlines()
    assert lines == (tmp_path / "two").read_text(encoding="utf-8").splitlines()
    assert len(set(lines)) == 200
    for row in map(json.loads, lines):
        assert list(row) == ["input", "edit", "output"]
        assert follows(row["edit"], row["input"], row["output"])
        assert held_out(row["input"]) != for_training


def test_the_first_lesson_is_of_two_things_and_nothing_else() -> None:
    for row in itertools.islice(which_of_two(seed=4), 200):
        form = parse(row.input)
        assert len(form.things) == 2 and not (form.time or form.weather or form.ground)
        assert follows(row.edit, row.input, row.output) and not held_out(row.input)
        assert parse_instruction(row.edit).verb in ABOUT_ONE_THING


def test_an_edit_depends_on_its_seed_only() -> None:
    [text] = itertools.islice(captions(5), 1)
    assert write_edit(text, 1) == write_edit(text, 1)
    assert len({write_edit(text, seed) for seed in range(20)}) > 10
    assert list(itertools.islice(rows(1), 5)) != list(itertools.islice(rows(2), 5))


@pytest.mark.parametrize("for_training", [True, False])
def test_rows_are_indexable_true_and_split(for_training: bool) -> None:
    data = CaptionedScenes(seed=2, for_training=for_training)
    texts, pictures = data.batch([5, 0, 5])
    assert texts[0] == texts[2] == data[5].caption
    assert np.array_equal(pictures[0], pictures[2]) and np.array_equal(pictures[1], render(data[0].scene))
    for index in range(100):
        row = data[index]
        assert parse(row.caption).named.holds(row.scene)
        assert held_out(row.caption) != for_training
    with pytest.raises(IndexError):
        data[-1]


def test_an_edited_row_holds_its_truth() -> None:
    data = CaptionedScenes(seed=1)
    for index in range(50):
        row = data.edited(index, held_out_wording=index % 2 == 1)
        assert follows(row.instruction, row.before.caption, row.after.caption)
        assert parse(row.after.caption).named.holds(row.after.scene)
        assert not np.array_equal(render(row.before.scene), render(row.after.scene))
