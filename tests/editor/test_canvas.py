"""What the network is shown: the photo on its canvas."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ip2p_cli.editor.conditioning import draw_canvas
from ip2p_cli.editor.sizes import fit


def textured(width: int, height: int) -> Image.Image:
    """Fine stripes, a hard edge and noise: what makes bad reductions show."""
    y, x = np.mgrid[0:height, 0:width]
    noise = np.random.default_rng(0).integers(-20, 21, (height, width))
    grey = 128 + 60 * np.sin(x * 2.1) * np.sin(y * 0.7 + x * 0.1) + np.where(x > width / 3, 40, 0) + noise
    return Image.fromarray(np.stack([grey, grey[::-1], 255 - grey], -1).clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize("size", [(2600, 1700), (1501, 2999), (4096, 3072)])
def test_a_large_photo_is_shown_as_a_careful_reduction_shows_it(size: tuple[int, int]) -> None:
    photo, place = textured(*size), fit(*size, 256, 16)
    shown = draw_canvas(photo, place)[place.window].astype(int)
    careful = np.asarray(photo.resize((place.content_width, place.content_height), Image.Resampling.LANCZOS), int)
    assert np.abs(shown - careful).max() <= 2 and np.abs(shown - careful).mean() < 0.5


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 700), st.integers(1, 700))
def test_a_photo_lies_in_its_place_and_goes_on_in_the_mirror(width: int, height: int) -> None:
    photo, place = textured(width, height), fit(width, height, 64, 16)
    canvas = draw_canvas(photo, place)
    assert canvas.shape == (place.height, place.width, 3) and canvas.dtype == np.uint8
    content = canvas[place.window]
    if (width, height) == (place.content_width, place.content_height):
        assert np.array_equal(content, np.asarray(photo))
    (top, bottom), (left, right) = place.padding
    if 0 < top <= len(content):
        assert np.array_equal(canvas[:top][::-1], canvas[top : 2 * top])
    if 0 < left <= content.shape[1]:
        assert np.array_equal(canvas[:, :left][:, ::-1], canvas[:, left : 2 * left])
    assert len(canvas) == top + len(content) + bottom and canvas.shape[1] == left + content.shape[1] + right
