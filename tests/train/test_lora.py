"""LoRA: trained here, opened by `ip2p edit --lora`, by the Python API and by diffusers' own pipeline."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from ip2p_cli.api import EditRequest, MissingExtra, ModelError, UsageError, load_editor
from ip2p_train.config import LoraConfig, TrainConfig
from ip2p_train.loop import train
from ip2p_train.lora import FILE
from ip2p_train.parts import Setting, build_part
from ip2p_train.schedule import step_generator
from ip2p_train.settings_check import check_settings
from tests.train.small import CONFIG, LOOP, editor_part, write_pairs, write_text_to_image

REPOSITORY = Path(__file__).parents[2]
PHOTO = Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8))
WIDE = ("to_q", "to_k", "to_v", "to_out.0", "conv1", "conv2", "ff.net.0.proj", "ff.net.2")


def settings(rank: int = 4, targets: tuple[str, ...] = WIDE) -> TrainConfig:
    return replace(CONFIG, lora=LoraConfig(rank, targets), loop=replace(LOOP, learning_rate=1e-2))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pairs(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def trained(data: Path, tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("lora")
    list(train(editor_part(data, tiny_checkpoint, out, settings()), settings().loop, out, resume=False))
    return out


def edited(model: Path, lora: Path | None) -> np.ndarray:
    editor = load_editor(str(model), device="cpu", lora=None if lora is None else str(lora))
    [result] = editor.edit([EditRequest(image=PHOTO, instruction="make it night", steps=2)], full_resolution=False)
    return np.asarray(result.image, np.int16)


def test_only_the_adapter_is_trained_and_written(trained: Path, tiny_checkpoint: Path, data: Path) -> None:
    assert sorted(path.name for path in trained.iterdir()) == [".train", FILE]
    state = torch.load(trained / ".train" / "state.pt", weights_only=True)
    assert all("lora" in name for name in state["model"])
    part = editor_part(data, tiny_checkpoint, trained, settings())
    assert all(("lora" in name) == p.requires_grad for name, p in part.model.named_parameters())


def test_an_adapter_says_nothing_at_first(data: Path, tiny_checkpoint: Path, tmp_path: Path) -> None:
    plain, adapted = (editor_part(data, tiny_checkpoint, tmp_path, config) for config in (CONFIG, settings()))
    losses = [part.loss(step_generator(0, 0), 4)[0] for part in (plain, adapted)]
    assert losses[0].item() == losses[1].item()


def test_where_all_is_to_be_kept_nothing_is_learned_and_elsewhere_as_much_as_before(
    data: Path, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    def loss(keep: float) -> float:
        config = replace(settings(), lora=LoraConfig(4, WIDE, keep))
        part = editor_part(data, tiny_checkpoint, tmp_path, config)
        return part.loss(step_generator(0, 0), 8)[0].item()

    assert loss(1.0) == pytest.approx(0.0, abs=1e-9)  # an adapter that says nothing yet keeps what the base says
    assert 0 < loss(0.5) < loss(0.0)
    assert loss(1e-6) > 0  # a batch in which nothing is to be kept


def test_keeping_is_for_adapters() -> None:
    with pytest.raises(UsageError, match="keep is for adapters"):
        check_settings(replace(settings(), lora=LoraConfig(0, WIDE, 0.5)))


def test_a_lora_changes_edits_and_its_file_is_as_good_as_its_folder(trained: Path, tiny_checkpoint: Path) -> None:
    without, by_folder, by_file = (edited(tiny_checkpoint, lora) for lora in (None, trained, trained / FILE))
    assert np.abs(without - by_folder).mean() > 0.5
    assert np.array_equal(by_folder, by_file)


def test_fused_equals_unfused_and_diffusers_opens_it(trained: Path, tiny_checkpoint: Path) -> None:
    from diffusers import StableDiffusionInstructPix2PixPipeline

    pipeline = StableDiffusionInstructPix2PixPipeline.from_pretrained(tiny_checkpoint)
    pipeline.load_lora_weights(trained)
    editor = load_editor(str(tiny_checkpoint), device="cpu", lora=str(trained))
    fused = editor._components.unet
    g = torch.Generator().manual_seed(0)
    rows, text = torch.randn(2, 8, 16, 16, generator=g), torch.randn(2, 16, 32, generator=g)
    with torch.no_grad():
        one, other = (unet(rows, torch.tensor(500), text).sample for unet in (pipeline.unet, fused))
    assert torch.allclose(one, other, atol=1e-4)
    assert not any("lora" in name for name, _ in fused.named_parameters())


def test_a_run_goes_on_from_an_adapters_checkpoint(data: Path, tiny_checkpoint: Path, tmp_path: Path) -> None:
    def run(out: Path, steps: int, resume: bool) -> dict[str, torch.Tensor]:
        config = replace(settings(), loop=replace(settings().loop, max_steps=steps, final_learning_rate=1.0))
        list(train(editor_part(data, tiny_checkpoint, out, config), config.loop, out, resume=resume))
        return load_file(out / FILE)

    whole = run(tmp_path / "whole", 4, False)
    run(tmp_path / "halves", 2, False)
    halves = run(tmp_path / "halves", 4, True)
    assert all(torch.equal(whole[name], halves[name]) for name in whole)


def test_a_lora_on_a_text_to_image_base_is_refused(data: Path, tmp_path: Path) -> None:
    base = write_text_to_image(tmp_path / "base")
    with pytest.raises(UsageError, match="a LoRA goes on an editor"):
        build_part("editor", data, base, settings(), Setting(tmp_path / "out"))


def test_layers_that_are_not_there_are_named(data: Path, tiny_checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\[lora\] targets"):
        editor_part(data, tiny_checkpoint, tmp_path, settings(targets=("nosuch",)))


def test_what_is_no_lora_of_the_model_is_named(tmp_path: Path, tiny_checkpoint: Path) -> None:
    with pytest.raises(ModelError, match="holds no pytorch_lora_weights"):
        edited(tiny_checkpoint, tmp_path)
    with pytest.raises(ModelError, match="no LoRA"):
        edited(tiny_checkpoint, tmp_path / "nosuch")
    (tmp_path / "torn.safetensors").write_bytes(b"torn")
    with pytest.raises(ModelError, match=r"torn.safetensors cannot be used"):
        edited(tiny_checkpoint, tmp_path / "torn.safetensors")
    other = {
        "unet.nowhere.to_q.lora_A.weight": torch.zeros(2, 32),
        "unet.nowhere.to_q.lora_B.weight": torch.zeros(32, 2),
    }
    save_file(other, tmp_path / "other.safetensors")
    with pytest.raises(ModelError, match=r"other.safetensors cannot be used"):
        edited(tiny_checkpoint, tmp_path / "other.safetensors")


def test_without_peft_the_pip_command_is_said(
    trained: Path, tiny_checkpoint: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "peft", None)
    with pytest.raises(MissingExtra, match=r"pip install 'ip2p\[lora\]'"):
        edited(tiny_checkpoint, trained)
    with pytest.raises(MissingExtra, match=r"pip install 'ip2p\[lora\]'"):
        editor_part(data, tiny_checkpoint, tmp_path, settings())


@pytest.mark.slow
def test_the_command_line_edits_with_it_and_says_nothing_of_the_libraries(
    trained: Path, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    PHOTO.save(tmp_path / "a.png")
    path = os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "plugins")])
    said = []
    for lora in ([], ["--lora", str(trained)]):
        out = f"out-{len(lora)}"
        command = ["edit", "a.png", "-i", "make it night", "--model", str(tiny_checkpoint), "--steps", "2", "-o", out]
        done = subprocess.run(
            [sys.executable, "-m", "ip2p_cli", *command, *lora],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path, "XDG_CONFIG_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        said.append(re.sub(r"[\d.]+ s", "", done.stderr.replace(out, "out")))
    assert said[0] == said[1]
    one, other = (np.asarray(Image.open(tmp_path / name / "a.png"), np.int16) for name in ("out-0", "out-2"))
    assert np.abs(one - other).mean() > 0.5


def test_eval_measures_a_model_with_and_without_the_adapter(
    trained: Path, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    from tests.eval.test_command import make_app, run

    world = ["--suite", "world", "--scenes", 2, "-m", tiny_checkpoint, "-o", tmp_path, "--device", "cpu", "--json"]
    stdout, _ = run(make_app(), *world, "--lora", trained)
    plain, adapted = json.loads(stdout)["models"]
    assert (plain["model"], adapted["model"]) == (str(tiny_checkpoint), f"{tiny_checkpoint} + {trained}")
    assert plain["fingerprint"] != adapted["fingerprint"]


def test_looks_are_measured_with_and_without_the_adapter(trained: Path, tiny_checkpoint: Path, tmp_path: Path) -> None:
    from tests.eval.test_command import make_app, run

    (tmp_path / "photos").mkdir()
    PHOTO.save(tmp_path / "photos" / "a.png")
    looks = [tmp_path / "photos", "--families", "night", "-m", tiny_checkpoint, "-o", tmp_path, "--json"]
    stdout, _ = run(make_app(), *looks, "--lora", trained, "--device", "cpu")
    plain, adapted = json.loads(stdout)["models"]
    assert (plain["model"], adapted["model"]) == (str(tiny_checkpoint), f"{tiny_checkpoint} + {trained}")
    assert plain["fingerprint"] != adapted["fingerprint"]
