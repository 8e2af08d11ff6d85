"""The guidance suite: rank correlations, and an editor that obeys or ignores its scales."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from ip2p_cli.api import EditRequest, EditResult
from ip2p_eval.guidance import IMAGE_SCALES, TEXT_SCALES, ranks, run_guidance, spearman, summarise
from tests.eval.scenes import scene, to_float, to_pil


class Fading:
    """Darkens by text guidance over image guidance; an ignored scale counts as its default."""

    def __init__(self, ignored: str | None = None) -> None:
        self.ignored = ignored

    def edit_each(self, requests: Sequence[EditRequest], *, full_resolution: bool = True) -> list[EditResult]:
        return [self._one(request) for request in requests]

    def _one(self, request: EditRequest) -> EditResult:
        text = 3.0 if request.text_guidance is None or self.ignored == "text" else request.text_guidance
        image = 1.5 if request.image_guidance is None or self.ignored == "image" else request.image_guidance
        after = to_pil(to_float(request.image) * (1 - 0.1 * text / image))
        return EditResult(after, request.instruction, request.seed, 4, text, image, "ddim")


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{seed}.png" for seed in range(2)]
    for seed, path in enumerate(paths):
        to_pil(scene(seed, 96)).save(path)
    return paths


def test_more_text_guidance_moves_away_and_more_image_guidance_back(photos: list[Path]) -> None:
    figures = summarise(list(run_guidance(Fading(), photos, ["make it dark", "dim it"])))
    assert figures["text"]["spearman"] == pytest.approx(1)
    assert figures["image"]["spearman"] == pytest.approx(-1)
    assert figures["text"]["scales"] == list(TEXT_SCALES)
    assert figures["image"]["scales"] == list(IMAGE_SCALES)
    assert figures["text"]["edits"] == 2 * 2 * len(TEXT_SCALES)


def test_a_scale_that_does_nothing_correlates_with_nothing(photos: list[Path]) -> None:
    assert summarise(list(run_guidance(Fading("image"), photos, ["dim it"])))["image"]["spearman"] == 0


def test_ranks_share_ties() -> None:
    assert list(ranks([3.0, 1.0, 3.0, 2.0])) == [2.5, 0.0, 2.5, 1.0]


def test_spearman_is_monotone_not_linear() -> None:
    x = np.arange(6.0)
    assert spearman(x, np.exp(x)) == pytest.approx(1)
    assert spearman(x, -(x**3)) == pytest.approx(-1)
    assert spearman([1, 2, 3, 4], [1, 3, 2, 4]) == pytest.approx(0.8)
