"""The built-in probes, and how answers of probes become readings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ip2p_bias.probes.choice import ZeroShot, choose_probe
from ip2p_bias.probes.ita import CLASSES, class_of, ita, typology_angle
from ip2p_bias.probes.skin import skin_coloured
from ip2p_bias.reading import UNKNOWN, read
from ip2p_cli.api import ItemError, UsageError
from tests.gen_data import tiny_models

LIGHT_SKIN, DARK_SKIN = (194, 150, 130), (115, 82, 68)  # of the ColorChecker chart, sRGB
PICTURE = Image.new("RGB", (4, 4))


def patch(colour: tuple[int, int, int], side: int = 40) -> Image.Image:
    """A patch of a colour in the middle of a blue picture of 100 px."""
    image = Image.new("RGB", (100, 100), (30, 60, 160))
    image.paste(colour, (30, 30, 30 + side, 30 + side))
    return image


@pytest.mark.parametrize(
    ("colour", "lightness", "yellow", "name"),
    [(LIGHT_SKIN, 65.71, 17.81, ("light", "intermediate")), (DARK_SKIN, 37.99, 14.06, ("dark",))],
)
def test_the_angle_of_the_chart(
    colour: tuple[int, int, int], lightness: float, yellow: float, name: tuple[str, ...]
) -> None:
    """L* and b* are those published for the chart: another way to the same angle."""
    angle = typology_angle(patch(colour))
    assert angle == pytest.approx(np.degrees(np.arctan((lightness - 50) / yellow)), abs=3)
    found = ita(patch(colour))
    assert found is not None and max(found, key=lambda key: found[key]) in name


def test_only_enough_skin_counts() -> None:
    assert ita(patch(DARK_SKIN, side=14)) is None  # 1.96 %
    assert ita(patch(DARK_SKIN, side=15)) is not None
    for colour in ((0, 0, 0), (255, 255, 255), (128, 128, 128), (40, 160, 60), (30, 60, 160)):
        assert ita(Image.new("RGB", (50, 50), colour)) is None


def test_the_map_is_that_of_the_paper() -> None:
    """Pillow's YCbCr is JPEG's full range; the paper's is the studio's."""
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (64, 64, 3), np.uint8))
    _, cb, cr = np.moveaxis(np.asarray(image.convert("YCbCr"), float), -1, 0)
    cb, cr = (128 + (plane - 128) * 224 / 255 for plane in (cb, cr))
    expected = (cb >= 77) & (cb <= 127) & (cr >= 133) & (cr <= 173)
    assert (skin_coloured(image) != expected).mean() < 0.02  # Pillow rounds
    assert skin_coloured(Image.new("RGB", (1, 1), DARK_SKIN)).all()
    assert skin_coloured(Image.new("RGB", (1, 1), LIGHT_SKIN)).all()


@given(st.floats(-180, 180), st.floats(-180, 180))
def test_a_greater_angle_is_never_darker(one: float, other: float) -> None:
    names = [name for name, _ in CLASSES]
    low, high = sorted((one, other))
    assert names.index(class_of(high)) <= names.index(class_of(low))


@pytest.mark.parametrize(
    ("angle", "name"),
    [
        *((55.1, "very light"), (55, "light"), (41, "intermediate"), (28, "tan"), (10, "brown"), (-30, "dark")),
        (-90, "dark"),
    ],
)
def test_the_classes_bounds(angle: float, name: str) -> None:
    assert class_of(angle) == name


def answer(found: object, confidence: float = 0.5) -> str | None:
    return read(lambda image: found, PICTURE, confidence).attribute  # type: ignore[arg-type, return-value]


def test_an_answer_becomes_a_reading() -> None:
    assert answer({"a": 0.7, "b": 0.3}) == "a"
    assert answer({"a": 0.4, "b": 0.3}) == UNKNOWN
    assert answer({"a": 0.5, "b": 0.5}) == UNKNOWN
    assert answer({"a": 0.4, "b": 0.3}, confidence=0.35) == "a"
    assert answer(None) == UNKNOWN


@pytest.mark.parametrize(
    "wrong", [{}, {"a": 1.2}, {"a": -0.1}, {"a": float("nan")}, {"a": 0.7, "b": 0.6}, {"unknown": 1.0}]
)
def test_an_answer_that_is_none_fails_that_picture(wrong: Mapping[str, float]) -> None:
    reading = read(lambda image: wrong, PICTURE, 0.5)
    assert reading.attribute is None
    assert "no set of probabilities" in reading.problem


def test_a_crash_and_a_missing_picture_say_why() -> None:
    def crash(image: Image.Image) -> None:
        raise RuntimeError("bang")

    assert "RuntimeError: bang" in read(crash, PICTURE, 0.5).problem
    assert read(lambda image: None, ItemError("gone"), 0.5).problem == "gone"


@pytest.mark.parametrize("make", [tiny_models.clip, tiny_models.siglip])
def test_zero_shot_is_the_models_own(tmp_path: Path, make: object) -> None:
    """Equal to a softmax over transformers' own logits; the share of `nobody` is left out."""
    import torch
    from transformers import AutoModel, AutoProcessor

    folder = make(tmp_path / "model")  # type: ignore[operator]
    texts, nobody = ["a sunset", "the picture"], "snow"
    words = ZeroShot(str(folder), ",".join(texts), nobody)
    found = choose_probe("clip", words, device="cpu", offline=True)(patch(LIGHT_SKIN))
    model, processor = AutoModel.from_pretrained(folder), AutoProcessor.from_pretrained(folder)
    length = model.config.text_config.max_position_embeddings
    tokens = processor.tokenizer([*texts, nobody], padding="max_length", max_length=length, return_tensors="pt")
    pixels = processor.image_processor(images=[patch(LIGHT_SKIN)], return_tensors="pt")["pixel_values"]
    given = {name: tokens[name] for name in ("input_ids", "attention_mask") if name in tokens}
    with torch.inference_mode():
        logits = model(pixel_values=pixels, **given).logits_per_image[0]  # SigLIP's bias is the same for all texts
    assert found is not None and list(found) == texts
    assert list(found.values()) == pytest.approx(logits.softmax(-1)[:2].tolist(), abs=1e-4)
    assert sum(found.values()) < 1


@pytest.mark.parametrize(
    "answer", ["woman", [0.1, 0.9], {"a": None}, {"a": "0.9"}, {0: 0.9, 1: 0.1}, 0.5, {"a": [0.9]}, {"a": 1j}]
)
def test_an_answer_that_is_no_mapping_of_texts_to_numbers_costs_one_picture(answer: object) -> None:
    found = read(lambda _: cast("Mapping[str, float]", answer), PICTURE, 0.5)
    assert found.attribute is None and found.probabilities == {}
    assert "the probe" in found.problem


def test_numbers_of_numpy_and_torch_are_probabilities() -> None:
    given = cast("Mapping[str, float]", {"a": np.float32(0.75), "b": torch.tensor(0.25)})
    found = read(lambda _: given, PICTURE, 0.5)
    assert found.attribute == "a" and dict(found.probabilities) == {"a": 0.75, "b": 0.25}


def test_names_and_options_that_do_not_fit() -> None:
    with pytest.raises(UsageError, match=r"no probe is named 'itta'; there are: clip, .*ita"):
        choose_probe("itta", ZeroShot())
    with pytest.raises(UsageError, match="belong to --probe clip"):
        choose_probe("ita", ZeroShot(nobody="nobody"))
    with pytest.raises(UsageError, match="needs a model"):
        choose_probe("clip", ZeroShot())
    for attributes, nobody in (("a", None), ("a,a", None), ("a,b", "a"), (" , ", None)):
        with pytest.raises(UsageError, match="two or more different texts"):
            choose_probe("clip", ZeroShot("nosuch", attributes, nobody))
