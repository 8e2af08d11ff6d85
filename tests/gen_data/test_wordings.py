"""Wordings: many a family, drawn repeatably."""

from __future__ import annotations

import pytest

from ip2p_gen_data import wordings


@pytest.mark.parametrize("family", wordings.families())
def test_each_family_has_eight_sentences_and_hundreds_of_templated_wordings(family: str) -> None:
    assert len(wordings.phrases()[family]["say"]) >= 8
    assert len(wordings.plain_instructions(family)) >= 300


def test_drawing_is_repeatable_and_varied() -> None:
    drawn = wordings.training_instructions("night", 200, 7)
    assert drawn == wordings.training_instructions("night", 200, 7)
    assert drawn != wordings.training_instructions("night", 200, 8)
    assert len(set(drawn)) > 120


def test_no_plain_wording_belongs_to_two_families() -> None:
    owner: dict[str, str] = {}
    for family in wordings.families():
        for text in wordings.plain_instructions(family):
            assert owner.setdefault(wordings.normalised(text), family) == family
