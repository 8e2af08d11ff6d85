"""The cases: complete, spread over the photos, and of things that can be judged and pasted."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from PIL import Image

from ip2p_cli.api import UsageError
from ip2p_eval.local.cases import KINDS, asks, held_out
from ip2p_eval.local.drawings import PAINTS, paste
from ip2p_eval.local.names import COLOURS
from ip2p_eval.local.suite import choose, subject_of
from ip2p_eval.local.things import THERE
from ip2p_eval.looks.wordings import held_out as held_out_looks
from tests.eval.normalised import normalised


def test_every_case_can_be_judged() -> None:
    assert {ask.kind for ask in asks()} == set(KINDS)
    for ask in asks():
        assert len(ask.wordings) >= 2
        assert ask.colour in ("", *COLOURS) and ask.size in ("", "small", "big")
        if ask.kind == "add":
            assert ask.thing in THERE and not ask.pasted_colour
        else:
            assert ask.pasted_colour in PAINTS
        if ask.kind == "replace":
            assert ask.by in THERE


def test_no_wording_is_there_twice_nor_one_of_a_look() -> None:
    texts = [normalised(text) for text in held_out()]
    assert len(texts) == len(set(texts)) > 50
    assert not set(texts) & {normalised(text) for looks in held_out_looks().values() for text in looks}


def test_a_photo_keeps_its_wording_and_photos_share_them_out() -> None:
    [moon] = [ask for ask in asks() if ask.family == "add-moon"]
    assert moon.wording_for("a.jpg") == moon.wording_for("a.jpg")
    assert set(Counter(moon.wording_for(f"{i}.jpg") for i in range(100))) == set(moon.wordings)


def test_families_and_kinds_are_chosen_by_name() -> None:
    assert choose([]) == asks()
    assert {ask.family for ask in choose(["add-moon", "remove"])} > {"add-moon", "remove-boat"}
    with pytest.raises(UsageError, match="unknown family 'moon'"):
        choose(["moon"])


def test_a_thing_is_pasted_in_its_box_at_the_same_place_each_time() -> None:
    photo = Image.new("RGB", (320, 240), (90, 120, 90))
    for ask in asks():
        subject = subject_of(ask, photo, "a.jpg")
        if ask.kind == "add":
            assert subject.asked_of is photo
            continue
        assert subject.pasted is not None
        changed = (np.asarray(subject.asked_of) != np.asarray(photo)).any(-1)
        assert changed.any() and not changed[~subject.pasted.box.mask((240, 320))].any()
        assert subject.pasted.body.sum() > 0.1 * subject.pasted.box.area
        assert subject_of(ask, photo, "a.jpg").asked_of.tobytes() == subject.asked_of.tobytes()


@pytest.mark.parametrize("place", [0.0, 0.5, 1.0])
def test_pasted_things_stay_inside(place: float) -> None:
    for thing in ("balloon", "boat", "moon", "house", "car"):
        box = paste(Image.new("RGB", (200, 150)), thing, "red", place).box
        assert 0 <= box.left < box.right <= 200 and 0 <= box.top < box.bottom <= 150
