"""`blank`: a flat result of a photo that was not flat is never written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ip2p_cli.api import Severity
from ip2p_safety.blank import FLAT, ip2p_review_result, span
from tests.photos import gradient

COLOURS = st.tuples(*[st.integers(0, 255 - FLAT)] * 3)


@given(COLOURS, st.integers(0, FLAT))
def test_one_colour_is_blank_whatever_it_is(colour: tuple[int, int, int], wobble: int) -> None:
    after = Image.new("RGB", (8, 6), colour)
    after.putpixel((3, 3), tuple(level + wobble for level in colour))
    verdict = ip2p_review_result(gradient(8, 6), after)
    assert verdict.severity is Severity.BLOCK
    assert "blank" in verdict.reason


def test_a_dark_picture_with_something_on_it_is_not() -> None:
    after = Image.new("RGB", (8, 6))
    after.putpixel((0, 0), (0, 0, FLAT + 1))
    assert ip2p_review_result(gradient(8, 6), after).severity is Severity.ALLOW
    assert span(after) == FLAT + 1


@pytest.mark.parametrize("after", [Image.new("RGB", (8, 6)), gradient(8, 6)])
def test_a_flat_photo_may_stay_flat(after: Image.Image) -> None:
    assert ip2p_review_result(Image.new("RGB", (8, 6), (9, 9, 9)), after).severity is Severity.ALLOW
