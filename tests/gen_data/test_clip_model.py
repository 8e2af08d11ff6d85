"""Similarities by any CLIP or SigLIP: preprocessing as the model wants it, directions on unit vectors."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ip2p_cli.api import ModelError
from ip2p_gen_data.clip_filter.model import ClipModel, load_clip
from ip2p_gen_data.clip_filter.scores import similarities
from tests.gen_data import tiny_models

TEXTS = ["a sunset", "a winter sunset", "the picture into night"]


@pytest.fixture(scope="module", params=["clip", "siglip"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = getattr(tiny_models, request.param)(tmp_path_factory.mktemp("models") / request.param)
    return made


@pytest.fixture(scope="module")
def model(folder: Path) -> ClipModel:
    return load_clip(str(folder), device="cpu", offline=True)


def pictures(count: int, side: int = 32) -> list[Image.Image]:
    rng = np.random.default_rng(0)
    return [Image.fromarray(rng.integers(0, 255, (side, side, 3), np.uint8)) for _ in range(count)]


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def rows(images: list[Image.Image]) -> list[dict[str, Any]]:
    return [
        {"original_image": png(a), "edited_image": png(b), "original_prompt": s, "edited_prompt": t}
        for a, b, s, t in zip(images[0::2], images[1::2], TEXTS, TEXTS[1:] + TEXTS[:1], strict=True)
    ]


def test_pixels_are_scaled_and_normalised_as_the_model_wants(folder: Path, model: ClipModel) -> None:
    from transformers import AutoModel

    mean, std = ([0.4, 0.5, 0.6], [0.2] * 3) if folder.name == "clip" else ([0.5] * 3, [0.5] * 3)
    image = pictures(1)[0]
    pixels = (torch.from_numpy(np.asarray(image) / 255) - torch.tensor(mean)) / torch.tensor(std)
    found = AutoModel.from_pretrained(folder).get_image_features(pixel_values=pixels.permute(2, 0, 1)[None].float())
    vector = getattr(found, "pooler_output", found)
    expected = vector / vector.norm()
    assert torch.allclose(model.images([image]), expected, atol=1e-5)


def test_vectors_are_unit_and_do_not_depend_on_their_company(model: ClipModel) -> None:
    texts, images = model.texts(TEXTS), model.images(pictures(3, 50))
    assert torch.allclose(texts.norm(dim=-1), torch.ones(3)) and torch.allclose(images.norm(dim=-1), torch.ones(3))
    assert (texts[0] - texts[1]).abs().max() > 1e-3
    for place, text in enumerate(TEXTS):  # shorter ones are padded among longer ones
        assert torch.allclose(model.texts([text])[0], texts[place], atol=1e-5)


def test_captions_that_are_too_long_lose_their_end(model: ClipModel) -> None:
    long = " ".join(["winter"] * 100)
    assert torch.allclose(model.texts([long]), model.texts([long + " night"]))


def test_similarities_are_the_papers(model: ClipModel) -> None:
    images = pictures(6)
    found = similarities(model, rows(images))
    vectors, texts = model.images(images).double().numpy(), model.texts(TEXTS).double().numpy()

    def cosine(a: np.ndarray, b: np.ndarray) -> float:
        return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    for place in range(3):
        i0, i1, t0, t1 = vectors[2 * place], vectors[2 * place + 1], texts[place], texts[(place + 1) % 3]
        expected = [cosine(i0, t0), cosine(i1, t1), cosine(i1 - i0, t1 - t0), cosine(i0, i1)]
        assert found[place] == pytest.approx(expected, abs=1e-4)


def test_nothing_changed_means_no_direction_and_no_picture_no_score(model: ClipModel) -> None:
    first, second, third = rows(pictures(6))
    first["edited_image"] = first["original_image"]
    second["original_image"] = None
    same, missing, whole = similarities(model, [first, second, third])
    assert same[2] == 0 and same[3] == pytest.approx(1)
    assert all(math.isnan(score) for score in missing) and all(map(math.isfinite, whole))


def test_what_is_no_clip_is_named(tmp_path: Path, tiny_checkpoint: Path) -> None:
    with pytest.raises(ModelError, match="leave out --offline"):
        load_clip("nobody/no-such-model", offline=True)
    with pytest.raises(ModelError, match="text_encoder"):
        load_clip(str(tiny_checkpoint / "text_encoder"), offline=True)
