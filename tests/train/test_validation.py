"""Validation: no photo on both sides, the same measure each time, pictures, and no trace on the training."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ip2p_cli.api import ModelError, Pair, UsageError, write_shard
from ip2p_cli.dataset import encode_image
from ip2p_eval.encoders import Encoders
from ip2p_eval.rows import Row
from ip2p_eval.scores import emu_scores, magicbrush_scores
from ip2p_train.config import LoopConfig, TrainConfig, ValidationConfig
from ip2p_train.figures import compare
from ip2p_train.latents import Sample, is_held_out
from ip2p_train.logs import JsonLines
from ip2p_train.loop import train
from ip2p_train.parts import Built, Setting, build_part
from ip2p_train.validation import EditorValidation
from tests.eval.tiny_encoders import CAPTIONS, picture, png
from tests.train.small import CONFIG, LOOP, write_pairs

TRIED = ValidationConfig(share=0.4, every=2, pictures=2, samples=5)


def built(data: Path, base: Path, out: Path, validation: ValidationConfig = TRIED) -> Built:
    return build_part("editor", data, base, replace(CONFIG, validation=validation), Setting(out))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten photos with three edits each."""
    folder, random = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    photos = [encode_image(Image.fromarray(random.integers(0, 256, (32, 32, 3), np.uint8))) for _ in range(10)]
    edits = ("make it night", "add snow", "turn this into winter")
    write_shard(folder, 0, 1, [Pair(photo, edit, photos[0]) for edit in edits for photo in photos])
    return folder


def test_a_photo_is_on_one_side_only_and_the_share_is_about_right(
    data: Path, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    found = built(data, tiny_checkpoint, tmp_path)
    assert isinstance(found.validation, EditorValidation)
    learned, held = (
        {photo for bucket in pairs.buckets for photo in bucket.photos}
        for pairs in (found.part.pairs, found.validation.pairs)  # type: ignore[attr-defined]
    )
    assert learned and held and not learned & held
    assert len(found.part.pairs) + len(found.validation.pairs) == 30  # type: ignore[attr-defined]
    assert sum(is_held_out(str(number).encode(), 0.02) for number in range(20_000)) == pytest.approx(400, abs=80)
    assert not any(is_held_out(str(number).encode(), 0.0) for number in range(100))


def test_validation_is_logged_drawn_and_leaves_no_trace(data: Path, tiny_checkpoint: Path, tmp_path: Path) -> None:
    logs = {}
    for name, validates in (("with", True), ("without", False)):
        found, log = built(data, tiny_checkpoint, tmp_path / name), JsonLines(tmp_path / name)
        validation = found.validation if validates else None
        for record in train(found.part, LOOP, tmp_path / name, resume=False, validation=validation):
            log.add(record)
        lines = (tmp_path / name / ".train" / "log.jsonl").read_text().splitlines()
        logs[name] = [json.loads(line) for line in lines]
    assert [record["loss"] for record in logs["with"]] == [record["loss"] for record in logs["without"]]
    for record in logs["with"]:
        tried = {"validation_loss", "validation_l1", "validation_l2"} & record.keys()
        assert len(tried) == (3 if record["step"] % 2 == 0 else 0)
    folder = tmp_path / "with" / ".train" / "validation"
    assert sorted(path.name for path in folder.iterdir()) == ["step-2.jpg", "step-4.jpg"]
    with Image.open(folder / "step-4.jpg") as sheet:
        assert sheet.width > 3 * 256 and sheet.height > 2 * 256


def test_the_loss_is_the_same_each_time_and_tells_good_weights(
    data: Path, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    found = built(data, tiny_checkpoint, tmp_path)
    assert isinstance(found.validation, EditorValidation)
    before = found.validation.loss()
    assert found.validation.loss() == before
    with torch.no_grad():
        for parameter in found.part.model.parameters():
            parameter.mul_(1.5)
    assert found.validation.loss() > before


def test_nothing_to_learn_or_to_try(data: Path, tiny_checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="all pairs of the dataset are held out"):
        built(write_pairs(tmp_path / "one", [(32, 32)]), tiny_checkpoint, tmp_path, replace(TRIED, share=1 - 1e-9))
    assert built(data, tiny_checkpoint, tmp_path, replace(TRIED, every=0)).validation is None
    assert built(data, tiny_checkpoint, tmp_path, replace(TRIED, share=0.0)).validation is None


def sample(before: Image.Image, target: Image.Image, *captions: str) -> Sample:
    return Sample(before, "make it night", target, *captions)


def test_figures_of_pictures() -> None:
    black, grey = Image.new("RGB", (8, 8)), Image.new("RGB", (8, 8), (51, 51, 51))
    assert compare([sample(black, grey)], [grey], Encoders()) == {"l1": 0.0, "l2": 0.0}
    found = compare([sample(black, black), sample(black, grey)], [grey, grey], Encoders())
    assert found == pytest.approx({"l1": 0.1, "l2": 0.02})


def test_with_encoders_they_are_evals_own(encoders: Encoders) -> None:
    before, edited, target = picture(0), picture(1), picture(2)
    told = [sample(before, target, CAPTIONS[0], CAPTIONS[1]), sample(target, before)]
    found = compare(told, [edited, target], encoders)
    row = Row(png(before), CAPTIONS[0], "make it night", CAPTIONS[1])
    emu, brush = emu_scores(encoders, [row], [edited]), magicbrush_scores(encoders, [edited], [target], [None])
    assert set(found) == {"l1", "l2", "clip_i", "dino", "clip_im", "clip_dir"}
    assert found["clip_dir"] == pytest.approx(emu["clip_dir"][0], abs=1e-6)  # the other pair has no captions
    assert found["clip_im"] == pytest.approx((emu["clip_im"][0] + 1) / 2, abs=1e-6)  # the other edit is a copy
    for name in ("l1", "clip_i", "dino"):
        single = compare(told[:1], [edited], encoders)[name]
        assert single == pytest.approx(brush[name][0], abs=1e-6)


def test_encoders_of_the_config_are_used_and_a_wrong_one_is_named_before_the_data_is_encoded(
    tiny_checkpoint: Path, tiny_clip: Path, tiny_dino: Path, tmp_path: Path
) -> None:
    photos = [png(picture(number, 32, 32)) for number in range(6)]
    (tmp_path / "data").mkdir()
    pairs = [Pair(one, "make it night", photos[0], original_prompt="a sunset", edited_prompt="snow") for one in photos]
    write_shard(tmp_path / "data", 0, 1, pairs)
    named = replace(TRIED, clip=str(tiny_clip), dino=str(tiny_dino))
    found = built(tmp_path / "data", tiny_checkpoint, tmp_path / "out", named)
    [*_, last] = train(found.part, LOOP, tmp_path / "out", resume=False, validation=found.validation)
    figures = {name for name in last if name.startswith("validation_")}
    assert figures == {f"validation_{name}" for name in ("loss", "l1", "l2", "clip_i", "dino", "clip_im", "clip_dir")}
    with pytest.raises(ModelError, match="nosuch' cannot be loaded"):
        built(tmp_path / "data", tiny_checkpoint, tmp_path / "other", replace(TRIED, clip=str(tmp_path / "nosuch")))
    assert not (tmp_path / "other").exists()


def test_defaults_hold_two_percent_out() -> None:
    assert TrainConfig().validation.share == 0.02 and LoopConfig().max_steps >= TrainConfig().validation.every
