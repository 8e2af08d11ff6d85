"""The held-out wordings: three a family, and none that a trainer uses."""

from __future__ import annotations

from collections import Counter

import pytest

from ip2p_eval.looks.predicates import FAMILIES
from ip2p_eval.looks.wordings import held_out, wording_for
from tests.eval.normalised import normalised


def test_every_family_has_three_different_wordings() -> None:
    assert tuple(held_out()) == FAMILIES
    every = [normalised(w) for wordings in held_out().values() for w in wordings]
    assert len(every) == len(set(every)) == 3 * len(FAMILIES)
    assert all(len(wording) <= 80 for wording in every)


def test_a_photo_keeps_its_wording_and_photos_share_them_out() -> None:
    assert wording_for("a.jpg", "night") == wording_for("a.jpg", "night")
    counts = Counter(wording_for(f"{i}.jpg", "night") for i in range(300))
    assert set(counts) == set(held_out()["night"])
    assert min(counts.values()) > 60


@pytest.mark.parametrize(
    ("one", "other"),
    [("Make it night!", "make it night"), ("the sky's  colour", "The skys colour"), ("film-like", "film like")],
)
def test_case_and_punctuation_do_not_make_a_new_wording(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize("family", FAMILIES)
def test_no_held_out_wording_is_trained_on(family: str) -> None:
    from ip2p_gen_data.wordings import training_instructions

    trained = {normalised(text) for seed in range(4) for text in training_instructions(family, 1000, seed)}
    assert len(trained) >= 8
    kept_apart = {normalised(wording) for wordings in held_out().values() for wording in wordings}
    assert trained & kept_apart == set()
