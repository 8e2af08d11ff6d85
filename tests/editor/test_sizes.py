from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ip2p_cli.editor.sizes import MAX_SIDE, Fit, fit, place
from ip2p_cli.errors import UsageError

SIDES = st.integers(1, 60_000)
MODELS = st.sampled_from([(256, 64), (512, 64), (64, 4), (128, 32), (64, 64)])


@given(SIDES, SIDES, MODELS)
@example(1, 1, (256, 64))
@example(40_000, 500, (256, 64))
@settings(max_examples=150)
def test_a_canvas_holds_the_whole_photo(width: int, height: int, model: tuple[int, int]) -> None:
    native, multiple = model
    chosen = fit(width, height, native, multiple)
    assert chosen.width % multiple == 0
    assert chosen.height % multiple == 0
    assert max(chosen.width, chosen.height) <= native * MAX_SIDE
    assert chosen.width * chosen.height <= 2 * native * native
    assert 1 <= chosen.content_width <= chosen.width
    assert 1 <= chosen.content_height <= chosen.height
    (top, bottom), (left, right) = chosen.padding
    assert min(top, bottom, left, right) >= 0
    assert top + chosen.content_height + bottom == chosen.height
    assert left + chosen.content_width + right == chosen.width
    assert chosen.content_width == chosen.width or chosen.content_height == chosen.height


@given(SIDES, SIDES, MODELS)
@settings(max_examples=150)
def test_aspect_is_kept_to_the_pixel(width: int, height: int, model: tuple[int, int]) -> None:
    chosen = fit(width, height, *model)
    by_width = abs(chosen.content_height - height * chosen.content_width / width)
    by_height = abs(chosen.content_width - width * chosen.content_height / height)
    assert min(by_width, by_height) <= 0.5 or 1 in (chosen.content_width, chosen.content_height)


@given(st.integers(1, 20_000), st.integers(1, 20_000), MODELS)
@settings(max_examples=100)
def test_turning_the_photo_turns_the_canvas(width: int, height: int, model: tuple[int, int]) -> None:
    upright, turned = fit(width, height, *model), fit(height, width, *model)
    assert sorted((upright.content_width, upright.content_height)) == sorted(
        (turned.content_width, turned.content_height)
    )


@given(st.integers(300, 8000), st.fractions(1, 2), st.sampled_from([(256, 64), (512, 64)]))
@settings(max_examples=100)
def test_usual_photos_get_about_the_native_area(height: int, aspect: Fraction, model: tuple[int, int]) -> None:
    native, multiple = model
    chosen = fit(int(height * aspect), height, native, multiple)
    content = chosen.content_width * chosen.content_height
    assert 0.8 * native**2 <= content
    assert chosen.width * chosen.height <= 1.35 * native**2


@pytest.mark.parametrize(
    ("size", "canvas", "content"),
    [
        ((1024, 1024), (256, 256), (256, 256)),
        ((100, 100), (256, 256), (256, 256)),  # small ones are scaled up
        ((1, 1), (256, 256), (256, 256)),
        ((4000, 3000), (320, 256), (320, 240)),
        ((1920, 1080), (384, 192), (341, 192)),
        ((40_000, 500), (1024, 64), (1024, 13)),
    ],
)
def test_known_sizes(size: tuple[int, int], canvas: tuple[int, int], content: tuple[int, int]) -> None:
    chosen = fit(*size, 256, 64)
    assert (chosen.width, chosen.height) == canvas
    assert (chosen.content_width, chosen.content_height) == content


def test_a_given_canvas_is_kept() -> None:
    assert place(100, 50, 64, 64) == Fit(64, 64, 0, 16, 64, 32)


def test_no_pixels_is_an_error() -> None:
    with pytest.raises(UsageError, match="0x5"):
        fit(0, 5, 256, 64)
