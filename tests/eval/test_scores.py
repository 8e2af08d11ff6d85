"""The metrics of both benchmarks against a direct computation with transformers, Pillow and numpy on fixed pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy.spatial.distance import cosine
from scipy.stats import bootstrap

from ip2p_cli.api import ModelError
from ip2p_eval.dino import DEVIATION, MEAN, load_dino
from ip2p_eval.encoders import Encoders, load_encoders
from ip2p_eval.intervals import mean_with_interval
from ip2p_eval.metrics import direction_similarity, pixel_distances
from ip2p_eval.rows import Row
from ip2p_eval.scores import EMU, MAGICBRUSH, emu_scores, magicbrush_scores, score_figures
from tests.eval.tiny_encoders import CAPTIONS, picture, png

SIZES = [(40, 32), (51, 77), (64, 64), (33, 120)]
SOURCES = [picture(seed, *size) for seed, size in enumerate(SIZES)]
EDITED = [picture(50 + seed, *size) for seed, size in enumerate(SIZES)]
ROWS = [Row(png(image), CAPTIONS[at], "edit it", CAPTIONS[at + 1]) for at, image in enumerate(SOURCES)]


def resized_and_cropped(image: Image.Image, edge: int, side: int, half: Callable[[int], int]) -> np.ndarray:
    """Shorter side to `edge`, the middle of `side`, on a PIL image. (side, side, 3) uint8

    `half` is how the margin is halved: down by transformers' processors, by Python's `round` in torchvision.
    """
    scale = edge / min(image.size)
    width, height = (edge if value == min(image.size) else int(value * scale) for value in image.size)
    resized = np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))
    top, left = half(height - side), half(width - side)
    return resized[top : top + side, left : left + side]


def for_clip(image: Image.Image) -> torch.Tensor:
    return normalised(resized_and_cropped(image, 32, 32, lambda margin: margin // 2), [0.4, 0.5, 0.6], [0.2] * 3)


def for_dino(image: Image.Image) -> torch.Tensor:
    found = resized_and_cropped(image, 37, 32, lambda margin: round(margin / 2))  # 37: 32 · 256 / 224
    return normalised(found, MEAN, DEVIATION)


def normalised(pixels: np.ndarray, mean: Any, deviation: Any) -> torch.Tensor:
    return torch.from_numpy(((pixels / 255 - np.array(mean)) / np.array(deviation)).transpose(2, 0, 1)[None]).float()


class Direct:
    """The same networks, without the project's code."""

    def __init__(self, clip: Path, dino: Path) -> None:
        from transformers import AutoTokenizer, CLIPModel, ViTModel

        self.clip, self.tokenizer = CLIPModel.from_pretrained(clip), AutoTokenizer.from_pretrained(clip)
        self.dino = ViTModel.from_pretrained(dino, add_pooling_layer=False)

    @torch.no_grad()
    def image(self, image: Image.Image) -> np.ndarray:
        return self.vector(self.clip.get_image_features(pixel_values=for_clip(image)))

    @torch.no_grad()
    def text(self, caption: str) -> np.ndarray:
        return self.vector(self.clip.get_text_features(**self.tokenizer([caption], return_tensors="pt")))

    @torch.no_grad()
    def shape(self, image: Image.Image) -> np.ndarray:
        return np.asarray(self.dino(pixel_values=for_dino(image)).last_hidden_state[0, 0].double())

    @staticmethod
    def vector(found: Any) -> np.ndarray:
        return np.asarray(getattr(found, "pooler_output", found)[0].double())


@pytest.fixture(scope="module")
def direct(tiny_clip: Path, tiny_dino: Path) -> Direct:
    return Direct(tiny_clip, tiny_dino)


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


def test_emu_edits_five_are_those_of_a_direct_computation(encoders: Encoders, direct: Direct) -> None:
    found = emu_scores(encoders, ROWS, EDITED)
    assert set(found) == set(EMU)
    for at, (row, before, after) in enumerate(zip(ROWS, SOURCES, EDITED, strict=True)):
        i0, i1 = unit(direct.image(before)), unit(direct.image(after))
        t0, t1 = unit(direct.text(row.caption)), unit(direct.text(row.edited_caption))
        expected = {
            "clip_dir": 1 - cosine(i1 - i0, t1 - t0),
            "clip_im": 1 - cosine(i0, i1),
            "clip_out": 1 - cosine(i1, t1),
            "l1": np.abs(np.asarray(before) / 255 - np.asarray(after) / 255).mean(),
            "dino": 1 - cosine(direct.shape(before), direct.shape(after)),
        }
        assert {name: found[name][at] for name in EMU} == pytest.approx(expected, abs=1e-4)
    assert all(np.ptp(found[name]) > 1e-3 for name in EMU)  # or any constant would do


def test_magicbrushs_five_are_those_of_its_script(encoders: Encoders, direct: Direct) -> None:
    edited = [image.resize((48, 48)) for image in EDITED]  # the script resizes them to the true result's size
    found = magicbrush_scores(encoders, edited, SOURCES, CAPTIONS[:4])
    assert set(found) == set(MAGICBRUSH)
    for at, (image, target, caption) in enumerate(zip(edited, SOURCES, CAPTIONS, strict=False)):
        difference = np.asarray(image.resize(target.size)) / 255 - np.asarray(target) / 255
        expected = {
            "l1": np.abs(difference).mean(),
            "l2": (difference**2).mean(),
            "clip_i": 1 - cosine(direct.image(image), direct.image(target)),
            "dino": 1 - cosine(direct.shape(image), direct.shape(target)),
            "clip_t": 1 - cosine(direct.image(image), direct.text(caption)),
        }
        assert {name: found[name][at] for name in MAGICBRUSH} == pytest.approx(expected, abs=1e-4)


def test_dino_is_fed_what_magicbrushs_script_feeds_it(tiny_dino: Path) -> None:
    model = load_dino(str(tiny_dino), device="cpu", offline=True)
    for image in SOURCES:  # (51, 77) is the one whose margin is odd
        assert torch.allclose(model.pixels([image]), for_dino(image), atol=1e-5)


def test_clip_is_fed_what_pillow_makes_also_where_torchvision_is_installed(encoders: Encoders) -> None:
    assert encoders.clip is not None
    for image in SOURCES:
        assert torch.allclose(encoders.clip.pixels([image]), for_clip(image), atol=1e-5)


def test_a_copy_shows_on_every_metric(encoders: Encoders) -> None:
    """The planted regression: a checkpoint that has forgotten to edit."""
    emu = emu_scores(encoders, ROWS, SOURCES)
    assert emu["clip_im"] == pytest.approx([1] * 4, abs=1e-6) and emu["dino"] == pytest.approx([1] * 4, abs=1e-6)
    assert emu["clip_dir"] == [0] * 4 and emu["l1"] == [0] * 4
    edited = emu_scores(encoders, ROWS, EDITED)
    assert max(edited["clip_im"]) < 1 - 1e-4 and min(edited["l1"]) > 0.05
    against_truth = magicbrush_scores(encoders, SOURCES, EDITED, CAPTIONS[:4])
    perfect = magicbrush_scores(encoders, EDITED, EDITED, CAPTIONS[:4])
    assert perfect["l1"] == perfect["l2"] == [0] * 4
    for name in ("clip_i", "dino"):
        assert perfect[name] == pytest.approx([1] * 4, abs=1e-6) and max(against_truth[name]) < 1 - 1e-4
    assert min(against_truth["l2"]) > 0.01


def test_without_an_encoder_its_metrics_are_left_out_and_the_way_is_said(tiny_dino: Path) -> None:
    none, shape = Encoders(), load_encoders(None, str(tiny_dino), device="cpu", offline=True)
    assert set(emu_scores(none, ROWS, EDITED)) == {"l1"}
    assert set(magicbrush_scores(shape, EDITED, SOURCES, CAPTIONS[:4])) == {"l1", "l2", "dino"}
    assert any("--clip" in note for note in none.notes) and any("--dino" in note for note in none.notes)
    assert shape.ids == {"dino": shape.dino_id} and shape.dino_id.startswith("dino-")


def test_a_turn_without_a_description_has_no_clip_t(encoders: Encoders) -> None:
    found = score_figures(magicbrush_scores(encoders, EDITED, SOURCES, [None, *CAPTIONS[:3]]), MAGICBRUSH)
    assert found["clip_t"]["of"] == 3 and found["clip_i"]["of"] == 4
    assert "clip_t" not in score_figures(magicbrush_scores(encoders, EDITED, SOURCES, [None] * 4), MAGICBRUSH)


def test_what_is_no_dino_is_named(tiny_clip: Path) -> None:
    with pytest.raises(ModelError, match="leave out --offline"):
        load_dino("nobody/no-such-model", offline=True)
    with pytest.raises(ModelError, match="without a class token"):
        load_dino(str(tiny_clip), offline=True)


@given(st.integers(0, 2**32), st.integers(2, 6))
def test_direction_is_a_cosine_and_turns_with_the_edit(seed: int, width: int) -> None:
    drawn = torch.from_numpy(np.random.default_rng(seed).normal(size=(4, 1, width))).float()
    before, after, caption, edited = torch.nn.functional.normalize(drawn, dim=-1)
    there = direction_similarity(before, after, caption, edited)[0]
    back = direction_similarity(after, before, caption, edited)[0]
    assert -1 - 1e-9 <= there <= 1 + 1e-9 and there != 0
    assert there == pytest.approx(-back, abs=1e-9)
    assert direction_similarity(before, before, caption, edited)[0] == 0
    assert direction_similarity(before, after, caption, caption)[0] == 0


def test_a_copy_that_differs_by_rounding_alone_has_no_direction() -> None:
    drawn = torch.from_numpy(np.random.default_rng(0).normal(size=(3, 1, 64))).float()
    before, caption, edited = torch.nn.functional.normalize(drawn, dim=-1)
    after = before * (1 + 1e-7 * torch.sign(caption))  # of another place in a batch
    assert not torch.equal(before, after)
    assert direction_similarity(before, after, caption, edited)[0] == 0


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_pixel_distances_are_symmetric_and_ordered(one: int, other: int) -> None:
    a, b = picture(one), picture(other)
    l1, l2 = pixel_distances(a, b)
    assert (l1, l2) == pixel_distances(b, a)
    assert 0 <= l2 <= l1 <= 1 and l2 >= l1**2 - 1e-12  # Jensen
    assert (l1 == 0) == (one == other)


def test_intervals_are_scipys_and_reproducible() -> None:
    values = np.random.default_rng(3).beta(2, 5, 80)
    found = mean_with_interval(values)
    expected = bootstrap((values,), np.mean, method="percentile", n_resamples=9999, random_state=1).confidence_interval
    assert found["mean"] == pytest.approx(values.mean(), abs=1e-6)
    assert (found["low"], found["high"]) == pytest.approx(tuple(expected), abs=0.004)
    assert found == mean_with_interval(values)
    assert mean_with_interval(np.append(values, np.nan)) == found
    assert mean_with_interval(np.array([np.nan]))["mean"] is None
