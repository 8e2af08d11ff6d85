from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from ip2p_cli.checkpoint import EditDefaults, read_checkpoint
from ip2p_cli.devices import choose_device
from ip2p_cli.editor import Editor
from ip2p_cli.editor.loading import choose_dtype, load_components
from ip2p_cli.errors import ModelError, UsageError
from ip2p_samplers import ip2p_register_samplers
from tests.tiny import MINI_SCHEDULER, SD_SCHEDULER, TinySpec, make_checkpoint

CPU = torch.device("cpu")


@pytest.fixture
def copy(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    """A checkpoint to spoil."""
    return Path(shutil.copytree(tiny_checkpoint, tmp_path / "model"))


def edit_json(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_figures_of_a_checkpoint(tiny_checkpoint: Path) -> None:
    checkpoint = read_checkpoint(tiny_checkpoint)
    assert (checkpoint.factor, checkpoint.latent_channels, checkpoint.latent_multiple) == (2, 4, 2)
    assert checkpoint.native_size == 32
    assert checkpoint.defaults == EditDefaults(steps=4, text_guidance=3.0, image_guidance=1.3, sampler="ddim")
    assert checkpoint.licence == "CC0-1.0"


def test_defaults_of_a_released_checkpoint(tmp_path: Path) -> None:
    """No ip2p.json: the paper's guidances, the scheduler's own sampler, the U-Net's own size."""
    spec = TinySpec(vae="kl", levels=3, sample_size=8, scheduler=SD_SCHEDULER, pooled_text=False)
    checkpoint = read_checkpoint(make_checkpoint(tmp_path / "sd", spec))
    assert checkpoint.defaults == EditDefaults(steps=20, text_guidance=7.5, image_guidance=1.5, sampler="pndm")
    assert checkpoint.native_size == 32
    assert checkpoint.licence == "unknown"


@pytest.mark.parametrize(
    ("scheduler", "sampler"),
    [
        ({"_class_name": "EulerAncestralDiscreteScheduler"}, "euler_a"),
        ({"_class_name": "DPMSolverMultistepScheduler"}, "dpm++2m"),
        ({"_class_name": "DPMSolverMultistepScheduler", "use_karras_sigmas": True}, "dpm++2m-karras"),
        ({"_class_name": "KDPM2DiscreteScheduler"}, "ddim"),
    ],
)
def test_sampler_of_the_scheduler(copy: Path, scheduler: dict[str, Any], sampler: str) -> None:
    (copy / "ip2p.json").unlink()
    edit_json(copy / "scheduler" / "scheduler_config.json", **scheduler)
    assert read_checkpoint(copy).defaults.sampler == sampler


def test_fingerprint_follows_weights_and_configurations(copy: Path) -> None:
    first = read_checkpoint(copy).fingerprint
    (copy / "README.md").write_text("a card")
    assert read_checkpoint(copy).fingerprint == first
    edit_json(copy / "ip2p.json", steps=5)
    second = read_checkpoint(copy).fingerprint
    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert len({first, second, read_checkpoint(copy).fingerprint}) == 3


@pytest.mark.parametrize("suffix", [".ckpt", ".pt", ".bin"])
def test_a_pickle_file_is_pointed_to_convert(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(ModelError, match="ip2p models convert"):
        read_checkpoint(tmp_path / f"model{suffix}")


def test_pickled_weights_in_a_folder_are_pointed_to_convert(copy: Path) -> None:
    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    with pytest.raises(ModelError, match=r"pickle.*ip2p models convert"):
        read_checkpoint(copy)


@pytest.mark.parametrize("part", ["vae", "unet", "text_encoder", "tokenizer"])
def test_a_missing_part_is_named(copy: Path, part: str) -> None:
    shutil.rmtree(copy / part)
    with pytest.raises(ModelError, match=part):
        read_checkpoint(copy)


@pytest.mark.parametrize("path", ["model_index.json", "unet/config.json", "scheduler/scheduler_config.json"])
def test_a_missing_or_spoilt_json_is_named(copy: Path, path: str) -> None:
    (copy / path).write_text("{")
    with pytest.raises(ModelError, match=Path(path).name):
        read_checkpoint(copy)
    (copy / path).unlink()
    with pytest.raises(ModelError, match=Path(path).name):
        read_checkpoint(copy)


@pytest.mark.parametrize(
    ("part", "entry"),
    [
        ("unet", ["diffusers", "UNet3DConditionModel"]),
        ("unet", ["my_module", "UNet2DConditionModel"]),
        ("vae", ["diffusers", "AutoencoderOobleck"]),
        ("text_encoder", ["transformers", "T5EncoderModel"]),
        ("tokenizer", "CLIPTokenizer"),
    ],
)
def test_other_classes_are_refused(copy: Path, part: str, entry: Any) -> None:
    edit_json(copy / "model_index.json", **{part: entry})
    with pytest.raises(ModelError, match=part):
        read_checkpoint(copy)


def test_a_text_to_image_network_is_refused(copy: Path) -> None:
    edit_json(copy / "unet" / "config.json", in_channels=4)
    with pytest.raises(ModelError, match=r"4 channels in .* 8 and 4"):
        read_checkpoint(copy)


def test_parts_that_do_not_fit_are_refused(copy: Path) -> None:
    edit_json(copy / "unet" / "config.json", cross_attention_dim=768)
    with pytest.raises(ModelError, match="768"):
        read_checkpoint(copy)


@pytest.mark.parametrize("value", ["many", True, -1, float("inf")])
def test_a_senseless_default_is_named(copy: Path, value: Any) -> None:
    edit_json(copy / "ip2p.json", steps=value)
    with pytest.raises(ModelError, match="steps"):
        _ = read_checkpoint(copy).defaults


@pytest.mark.parametrize("part", ["vae", "unet", "text_encoder"])
def test_missing_weights_are_not_made_up(copy: Path, part: str) -> None:
    [weights] = (copy / part).glob("*.safetensors")
    tensors = load_file(weights)
    name = sorted(tensors)[0]
    del tensors[name]
    save_file(tensors, weights, metadata={"format": "pt"})
    with pytest.raises(ModelError, match=part):
        load_components(read_checkpoint(copy), CPU)


def test_cut_off_weights_are_an_error_of_ours(copy: Path) -> None:
    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelError, match=r"unet cannot be loaded"):
        load_components(read_checkpoint(copy), CPU)


def test_half_precision_files_run_in_float32(copy: Path) -> None:
    for part in ("vae", "unet", "text_encoder"):
        [weights] = (copy / part).glob("*.safetensors")
        half = {
            name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in load_file(weights).items()
        }
        weights.unlink()
        save_file(half, weights.with_suffix(".fp16.safetensors"), metadata={"format": "pt"})
    components = load_components(read_checkpoint(copy), CPU)
    for network in (components.vae, components.unet, components.text_encoder):
        assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}


def test_loading_is_silent(tiny_checkpoint: Path, capfd: pytest.CaptureFixture[str]) -> None:
    Editor.load(tiny_checkpoint, ip2p_register_samplers(), device="cpu", dtype="bfloat16")
    assert capfd.readouterr() == ("", "")


def test_networks_in_float32_are_copies_with_the_very_same_weights(tiny_checkpoint: Path) -> None:
    components = load_components(read_checkpoint(tiny_checkpoint), CPU, "float16")
    wide = components.in_float32()
    assert (wide.dtype, components.dtype) == (torch.float32, torch.float16)
    narrow, widened = components.unet.state_dict(), wide.unet.state_dict()
    assert all(torch.equal(tensor.float(), widened[name]) for name, tensor in narrow.items())


def test_device_and_dtype() -> None:
    assert choose_device("cpu") == CPU
    assert choose_dtype(None, CPU, 10**9) == torch.float32
    assert choose_dtype(None, torch.device("cuda"), 10**9) == torch.float16
    assert choose_dtype(None, torch.device("cuda"), 10**7) == torch.float32
    assert choose_dtype("bfloat16", CPU, 0) == torch.bfloat16
    with pytest.raises(UsageError, match="float8"):
        choose_dtype("float8", CPU, 0)
    with pytest.raises(UsageError, match="gpu"):
        choose_device("gpu")
    with pytest.raises(UsageError, match="cuda:99"):
        choose_device("cuda:99")


def test_mini_scheduler_is_a_config_that_diffusers_reads() -> None:
    from diffusers import DDIMScheduler

    assert DDIMScheduler.from_config(dict(MINI_SCHEDULER)).alphas_cumprod[-1] == 0
