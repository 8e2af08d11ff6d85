"""The measures of the small models: perfect pictures get perfect figures, spoilt ones do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from ip2p_gen_data.clip_filter.model import load_clip
from ip2p_gen_data.p2p.config import DrawConfig, Sample
from ip2p_gen_data.p2p.engine import ImagePair
from ip2p_gen_data.prompts import CaptionPair
from ip2p_gen_data.world import oracle
from ip2p_gen_data.world.dataset import CaptionedScenes
from ip2p_gen_data.world.measure_models import auc, clip_figures, measure
from ip2p_gen_data.world.measure_pairs import draw_pairs, drawn_apart, held_out_rows, p2p_figures, text_to_image_figures
from ip2p_gen_data.world.render import render
from ip2p_gen_data.world.scene import Scene, sample
from ip2p_gen_data.world.staying import staying
from tests.gen_data import tiny_models


def picture(scene: Scene) -> Image.Image:
    return Image.fromarray(render(scene))


class Renderer:
    """In the place of a P2P engine: draws the truth while attention is shared, and another scene when it is not."""

    def __call__(self, work: Sequence[tuple[CaptionPair, Sample]]) -> list[ImagePair | None]:
        rows = held_out_rows(max(pair.row for pair, _ in work) + 1)
        found: list[ImagePair | None] = []
        for pair, drawn in work:
            row = rows[pair.row]
            after = row.after.scene if drawn.p2p_threshold else sample(7)
            found.append(ImagePair(picture(row.before.scene), picture(after)))
        return found


def test_a_true_edit_leaves_all_else_and_another_scene_does_not() -> None:
    data = CaptionedScenes(seed=4)
    whole = []
    for index in range(60):
        row = data.edited(index)
        before, after, other = (oracle.read(render(s)) for s in (row.before.scene, row.after.scene, sample(index)))
        found = staying(row.edit, before, after)
        whole.append(all(found.attributes) and all(found.places))
        assert not all(staying(row.edit, before, other).attributes)
    assert sum(whole) / len(whole) > 0.9


def test_a_thing_that_has_moved_did_not_stay() -> None:
    row = next(row for row in map(CaptionedScenes(seed=4).edited, range(100)) if row.edit.verb == "time")
    before = oracle.read(render(row.before.scene))
    moved = replace(before, things=tuple(replace(thing, x=thing.x + 3) for thing in before.things))
    near = replace(before, things=tuple(replace(thing, x=thing.x + 1) for thing in before.things))
    assert not any(staying(row.edit, before, moved).places)
    assert all(staying(row.edit, before, near).places)


def test_figures_of_perfect_pairs_and_of_none() -> None:
    rows = held_out_rows(8)
    config = DrawConfig(samples=2)
    drawn, without = (draw_pairs(Renderer(), rows, config, p2p=on) for on in (True, False))  # type: ignore[arg-type]
    assert len(drawn) == len(without) == 16
    assert text_to_image_figures(drawn)["all named attributes right"] > 0.9
    figures = p2p_figures(drawn, without, without)
    assert min(figures["all"].values()) > 0.8
    assert figures["off"]["both stay"] < 0.2 and figures["off, but the noise shared"] == figures["off"]


def test_pairs_drawn_apart_are_the_one_before_and_the_other_after() -> None:
    ones, others = (draw_pairs(Renderer(), held_out_rows(6), DrawConfig(1), p2p=on) for on in (True, False))  # type: ignore[arg-type]
    for one, other, pair in zip(ones, others, drawn_apart(ones, others), strict=True):
        assert pair.images.original is one.images.original and pair.images.edited is other.images.edited
        assert (pair.before_right, pair.after_right) == (one.before_right, other.after_right)


def test_auc() -> None:
    ones, others = torch.tensor([1.0, 2.0]), torch.tensor([0.0, 1.0])
    assert auc(ones, others) == pytest.approx(0.875)
    assert auc(ones, ones) == 0.5


def test_a_clip_that_knows_nothing_guesses(tmp_path: Path) -> None:
    figures = clip_figures(load_clip(str(tiny_models.clip(tmp_path / "clip")), device="cpu", offline=True), count=128)
    assert figures["retrieved among 64"] < 0.1
    assert 0.3 < figures["AUC of the direction"] < 0.7


def test_models_that_are_not_there_are_left_out(tmp_path: Path) -> None:
    assert list(measure(tmp_path)) == []
