"""`sd-safety`, with a tiny random network: the library's own decision, and clear words where there are no weights."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ip2p_cli.api import ModelError, Severity, UsageError
from ip2p_safety import sd_safety
from tests.safety.conftest import make_checker
from tests.safety.pictures import FIXED, blobs, noise

PICTURES = [*FIXED.values(), *(noise(seed) for seed in range(5)), *(blobs(seed) for seed in range(20))]


@pytest.fixture(autouse=True)
def fresh() -> None:
    sd_safety.load.cache_clear()


def found_by_the_library(checker: sd_safety.Checker, image: Any) -> bool:
    pixels = checker.processor(images=image, return_tensors="pt")["pixel_values"]
    [found] = checker.network(pixels, [np.zeros((1, 1, 3))])[1]
    return bool(found)


@pytest.mark.parametrize("care_threshold", [-1.0, 0.3, 1.0])  # always, sometimes, never
def test_the_decision_is_the_librarys(tmp_path: Path, care_threshold: float) -> None:
    plain = sd_safety.load(str(make_checker(tmp_path / "plain", care_threshold=1.0)))
    margins = sorted(plain.margin(image) for image in PICTURES)
    middle = margins[len(margins) // 2]
    made = make_checker(tmp_path / "dividing", threshold=middle, care_threshold=care_threshold)
    checker = sd_safety.load(str(made))
    decisions = [checker.margin(image) > 0 for image in PICTURES]
    assert decisions == [found_by_the_library(checker, image) for image in PICTURES]
    assert 0 < sum(decisions) < len(decisions)


def test_special_care_lowers_the_thresholds(tmp_path: Path) -> None:
    never, always = (
        sd_safety.load(str(make_checker(tmp_path / f"{care}", care_threshold=care))) for care in (1.0, -1.0)
    )
    for image in PICTURES[:5]:
        assert always.margin(image) == pytest.approx(never.margin(image) + 0.01, abs=1e-9)


def test_verdicts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IP2P_SD_SAFETY", raising=False)
    assert sd_safety.ip2p_check_source(blobs(0)) is None, "without weights it has no opinion"
    for threshold, severity in ((-2.0, Severity.BLOCK), (2.0, Severity.ALLOW)):
        monkeypatch.setenv("IP2P_SD_SAFETY", str(make_checker(tmp_path / str(threshold), threshold=threshold)))
        sd_safety.ip2p_prepare_check()
        for verdict in (sd_safety.ip2p_check_source(blobs(0)), sd_safety.ip2p_review_result(blobs(0))):
            assert verdict is not None
            assert verdict.severity is severity
            assert bool(verdict.reason) == (severity is Severity.BLOCK)


def test_in_a_whole_checkpoint(checker: Path, tmp_path: Path) -> None:
    (tmp_path / "feature_extractor").mkdir()
    shutil.copytree(checker, tmp_path / "safety_checker")
    shutil.move(tmp_path / "safety_checker" / "preprocessor_config.json", tmp_path / "feature_extractor")
    assert sd_safety.load(str(tmp_path)).margin(blobs(0)) == sd_safety.load(str(checker)).margin(blobs(0))


def test_weights_that_are_no_numbers_never_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make_checker(tmp_path / "checker", threshold=2.0)
    checker = sd_safety.load(str(made))
    checker.network.visual_projection.weight.data.fill_(math.nan)
    monkeypatch.setenv("IP2P_SD_SAFETY", str(made))
    verdict = sd_safety.ip2p_check_source(blobs(0))
    assert verdict is not None
    assert verdict.severity is Severity.BLOCK


def test_what_is_no_checker_is_refused(tmp_path: Path, checker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from safetensors.torch import load_file, save_file

    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(ModelError, match="hf download some-owner/some-checker"):
        sd_safety.load("some-owner/some-checker")
    with pytest.raises(ModelError, match="no safety checker"):
        sd_safety.load(str(tmp_path))
    lacking = shutil.copytree(checker, tmp_path / "lacking")
    weights = load_file(lacking / "model.safetensors")
    del weights["concept_embeds"]
    save_file(weights, lacking / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="lacks concept_embeds"):
        sd_safety.load(str(lacking))
    pickled = shutil.copytree(checker, tmp_path / "pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    with pytest.raises(ModelError, match="no safety checker"):
        sd_safety.load(str(pickled))


def test_required_without_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IP2P_SD_SAFETY", raising=False)
    with pytest.raises(UsageError, match="set IP2P_SD_SAFETY"):
        sd_safety.ip2p_prepare_check()
