"""The masks suite, driven by editors whose masks are known to be right, or everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ip2p_cli.api import EditRequest, EditResult
from ip2p_eval.candidates import Candidate
from ip2p_eval.suites.masks import MaskSuite, _local_cases
from ip2p_eval.world.regions import LOCAL, true_region
from tests.eval.world_editors import Perfect

SCENES = 24


class Restless(Perfect):
    """Does the edit, and lightens all of the picture a little; its mask is the true region, or white."""

    def __init__(self, knows: bool) -> None:
        super().__init__(2 * SCENES)
        self.knows = knows

    def edit_each(self, requests: Sequence[EditRequest], *, full_resolution: bool = True) -> list[EditResult]:
        results = super().edit_each(requests, full_resolution=full_resolution)
        return [self._restless(request, result) for request, result in zip(requests, results, strict=True)]

    def _restless(self, request: EditRequest, result: EditResult) -> EditResult:
        before, after = (np.asarray(picture).astype(int) for picture in (request.image, result.image))
        image = Image.fromarray(np.clip(after + 4, 0, 255).astype(np.uint8))
        if not request.auto_mask:
            return replace(result, image=image)
        region = (np.abs(after - before) > 6).any(axis=2) if self.knows else np.ones(before.shape[:2], bool)
        mask = Image.fromarray(region.astype(np.uint8) * 255)
        return replace(result, image=Image.composite(image, request.image, mask), mask=mask)


@pytest.fixture(scope="module")
def models() -> dict[str, dict[str, Any]]:
    candidates = [
        Candidate("knows", lambda: Restless(True)),  # type: ignore[arg-type, return-value]
        Candidate("all white", lambda: Restless(False)),  # type: ignore[arg-type, return-value]
    ]
    measured = MaskSuite(SCENES).run(candidates)
    assert "IoU" in str(measured.tables[0]) and len(measured.grids) == 2
    return {model["model"]: model for model in measured.figures["models"]}


def test_a_mask_that_is_right_saves_the_rest_and_costs_no_edit(models: dict[str, dict[str, Any]]) -> None:
    found = models["knows"]
    assert found["overlap"] > 0.99
    assert (found["unrelated_change_without"] > 3 and found["times_less"] is None) or found["times_less"] > 20
    assert found["done_with"]["share"] >= found["done_without"]["share"] - 0.05 >= 0.85


def test_a_white_mask_saves_nothing_and_overlaps_little(models: dict[str, dict[str, Any]]) -> None:
    found = models["all white"]
    assert found["overlap"] < 0.5 and found["times_less"] == pytest.approx(1.0)
    assert found["done_with"] == found["done_without"]


def test_cases_are_of_one_thing_and_regions_are_small() -> None:
    cases = _local_cases(SCENES, 0)
    assert len(cases) == SCENES and all(case.row.edit.verb in LOCAL for case in cases)
    shares = [float(true_region(case).mean()) for case in cases]
    assert min(shares) > 0 and max(shares) < 0.5
