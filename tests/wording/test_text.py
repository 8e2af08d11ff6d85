"""The form in which instructions are read: what nobody sees makes no difference."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ip2p_cli.api import Severity
from ip2p_wording import judge
from ip2p_wording.deny_list import parse_line
from ip2p_wording.text import normal

INVISIBLE = (
    "\u00ad\u034f\u115f\u1160\u17b4\u180b\u180f\u200b\u2060\u2065\ufe00\ufe0f\ufeff\ufff0\U000e0100\x00\x08\u0600"
)


@pytest.mark.parametrize("letter", INVISIBLE, ids=ascii)
def test_invisible_characters_make_no_difference(letter: str) -> None:
    denied = parse_line("company logo", "line 1")
    assert denied.matches(normal(f"remove the com{letter}pany logo"))
    assert denied.matches(normal(f"remove the company lo{letter}go"))
    assert judge(f"zo{letter}om in").severity is Severity.FLAG


@pytest.mark.parametrize("blank", "\u2800\u3164\uffa0\u3000\u00a0\t\n\x85", ids=ascii)
def test_what_looks_like_a_space_is_one(blank: str) -> None:
    assert normal(f"company{blank}logo") == normal(f"company {blank} logo") == "company logo"


def test_an_accent_is_found_where_something_invisible_parts_it_from_its_letter() -> None:
    assert normal("cafe\u034f\u0301") == normal("caf\u00e9")


@given(st.lists(st.text("abcXYZäÖß09Ж", min_size=1, max_size=3), min_size=1), st.sampled_from(INVISIBLE))
def test_invisible_characters_anywhere_make_no_difference(parts: list[str], letter: str) -> None:
    assert normal(letter.join(parts)) == normal("".join(parts))


@given(st.text())
def test_the_normal_form_is_one_for_all_ways_to_write_a_text(text: str) -> None:
    plain = normal(text)
    assert normal(plain) == plain
    for form in ("NFC", "NFD"):
        assert normal(unicodedata.normalize(form, text)) == plain
    assert normal(text.casefold()) == plain


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("Straße", "strasse"),
        ("STRASSE", "strasse"),
        ("ｚｏｏｍ", "zoom"),
        ("ﬁre", "fire"),
        ("Σίσυφος", "σίσυφοσ"),
        ("“a”", '"a"'),
    ],
)
def test_examples_of_the_normal_form(written: str, plain: str) -> None:
    assert normal(written) == plain
