"""Wordings of local edits: many, repeatable, saying what is done, and none that measures the result."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable

import pytest

from ip2p_eval.local.cases import held_out as held_out_local
from ip2p_eval.looks.wordings import held_out
from ip2p_gen_data.compose.local import words
from ip2p_gen_data.compose.local.words import Asked
from ip2p_gen_data.compose.things import THINGS
from ip2p_gen_data.compose.things.colours import COLOURS
from ip2p_gen_data.wordings import training_instructions
from tests.eval.normalised import normalised


def drawn(seeds: int) -> set[str]:
    """Wordings of every kind and thing."""
    found = set()
    for name, thing in THINGS.items():
        for seed in range(seeds):
            rng = random.Random(f"{name}{seed}")
            asked = Asked(name, rng.choice(("", thing.colours[0])))
            if not thing.wide:
                asked = Asked(name, rng.choice(("", *thing.colours)), rng.choice(("", "small", "big")))
            found.add(words.add(asked, rng))
            found.add(words.add(Asked(name), rng))
            found.add(words.remove(name, 1, rng))
            found.add(words.recolour(name, 1, "red", "blue", rng))
            found.add(words.resize(name, seed % 2 == 0, rng))
            found.add(words.replace(name, Asked(rng.choice(list(THINGS))), rng))
            if thing.many:
                found.add(words.add(Asked(name, count=rng.choice((2, 3, 4))), rng))
    return found | {text for table in words.words()["background"].values() for text in table}


def test_no_held_out_wording_is_trained_on() -> None:
    trained = {normalised(text) for text in drawn(150)}
    assert len(trained) > 20_000
    apart = {normalised(text) for texts in held_out().values() for text in texts}
    apart |= {normalised(text) for text in held_out_local()}
    assert len(apart) > 100
    assert trained & apart == set()


def test_no_sentence_of_a_look_measures_local_edits() -> None:
    apart = {normalised(text) for text in held_out_local()}
    for family in ("night", "sunset", "storm"):
        assert {normalised(text) for text in training_instructions(family, 2000, 0)} & apart == set()


def one_of(texts: Iterable[str]) -> str:
    return "(?:" + "|".join(sorted({re.escape(normalised(text)) for text in texts} - {""})) + ")"


def any_thing() -> str:
    """A pattern for whatever may stand for {a}, {n} or {b}."""
    tables = words.words()
    number = one_of(["a", "an", "the", *(text for texts in tables["numbers"].values() for text in texts)])
    size = one_of(text for texts in tables["sizes"].values() for text in texts)
    nouns = (
        name for table in tables["things"].values() for key in ("one", "many", "mass") for name in table.get(key, [])
    )
    return f"(?:{number} )?(?:{size} )?(?:{one_of(COLOURS)} )?{one_of(nouns)}"


def test_no_template_can_make_a_held_out_wording() -> None:
    """Not by chance either: every template of words.toml as a pattern, whatever stands for its parts."""
    tables = words.words()
    kinds = ("add", "remove", "recolour", "bigger", "smaller", "replace")
    templates = {text for kind in kinds for table in tables[kind].values() for text in table}
    apart = [normalised(text) for text in held_out_local()]
    thing, place = any_thing(), one_of(text for texts in tables["positions"].values() for text in texts)
    for template in templates:
        marked = re.sub(r"[{][abno][}]", " xthing ", template).replace("{c}", " xcolour ")
        pattern = normalised(marked).replace("xthing", thing).replace("xcolour", one_of(COLOURS))
        found = [text for text in apart if re.fullmatch(f"{pattern}(?: {place})?", text)]
        assert not found, (template, found)
    assert re.fullmatch(thing, "a small red balloon") and re.fullmatch(
        thing, "stars"
    )  # the pattern is none that never fits


@pytest.mark.parametrize("text", ["add boats on the water", "replace the mountains with a city skyline"])
def test_the_papers_examples_are_trained(text: str) -> None:
    rng = random.Random(0)
    if "boats" in text:
        found = {normalised(words.add(Asked("boat", count=4), rng)) for _ in range(20_000)}
        assert text in found
    else:
        assert text in words.words()["background"]["mountains-to-skyline"]


@pytest.mark.parametrize(("family", "text"), [("night", "set it at midnight"), ("sunset", "add a beautiful sunset")])
def test_the_papers_looks_are_trained(family: str, text: str) -> None:
    assert text in {normalised(each) for each in training_instructions(family, 20_000, 1)}


def test_words_say_number_size_colour_and_place() -> None:
    rng = random.Random(1)
    for _ in range(200):
        text = words.add(Asked("balloon", "red", "small", "left"), rng).lower()
        assert re.search(r"(small|little|tiny) red (party |toy )?balloon", text)
        assert "left" in text
    for _ in range(100):
        assert re.search(r"birds", words.add(Asked("bird", count=3), rng).lower())
        assert "blue" in words.recolour("boat", 1, "red", "blue", rng).lower()


def test_articles_fit() -> None:
    rng = random.Random(2)
    for name in THINGS:
        for colour in ("", "orange", "blue"):
            text = words.phrase(Asked(name, colour), rng)
            assert not re.match(r"a [aeio]|an [^aeio]", text), text


def test_please_stands_before_verbs_only() -> None:
    for text in drawn(40):
        assert not re.match(
            r"(can you|could you|please|kindly|now|try to|can you please) (an?|the|some|two|no) ", text.lower()
        ), text
