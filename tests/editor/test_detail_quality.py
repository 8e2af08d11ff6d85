"""Full-size results against a known truth, on photos. Minutes: run with -m slow."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from benchmarks.detail_quality import (
    COLOUR_LOOKS,
    Codec,
    Score,
    identity_score,
    look_score,
    no_codec,
    read_photos,
    shipped_codec,
)
from benchmarks.photos import EXAMPLES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["no codec", "shipped codec"])
def codec(request: pytest.FixtureRequest) -> Codec:
    return no_codec if request.param == "no codec" else shipped_codec()


def photos(longest: int) -> list[Image.Image]:
    return [photo for _, photo in read_photos(EXAMPLES, longest)]


def scores(look: str, codec: Codec) -> list[Score]:
    return [look_score(photo, look, codec) for photo in photos(1024)[:2]]


def test_no_edit_at_4000_px_gives_the_original_back(codec: Codec) -> None:
    large = photos(1024)[0].resize((4000, 2664), Image.Resampling.LANCZOS)
    pixels = np.asarray(large, np.int16) + np.random.default_rng(1).integers(-12, 13, (2664, 4000, 1), np.int16)
    photo = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))  # grain: detail that only 4,000 px have
    score = identity_score(photo, codec)
    assert score.carried >= 40
    assert score.upsampled < 35


def test_colour_looks_beat_plain_upsampling_by_4_db_in_the_mean(codec: Codec) -> None:
    gains = {look: float(np.mean([score.gain for score in scores(look, codec)])) for look in COLOUR_LOOKS}
    assert np.mean(list(gains.values())) >= 4, gains
    assert min(gains.values()) >= -1, gains
