"""`ip2p models`: what it prints."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ip2p_cli import models
from ip2p_cli.commands.models import app
from ip2p_cli.errors import ModelError
from ip2p_cli.model_info import describe

runner = CliRunner()


@pytest.fixture
def mini(tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small checkpoint in the place of the shipped one, and an empty hub cache."""
    folder = Path(shutil.copytree(tiny_checkpoint, tmp_path / "mini"))
    monkeypatch.setattr(models, "MINI_FOLDER", folder)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    return folder


def test_list_is_a_line_a_model(mini: Path) -> None:
    lines = runner.invoke(app, ["list"]).stdout.splitlines()
    [line] = [line for line in lines if line.startswith("mini ")]
    assert line.split() == ["mini", "CC0-1.0", "32", "px", str(mini), "present"]
    [line] = [line for line in lines if line.startswith("instruct-pix2pix ")]
    assert "MIT" in line
    assert "512 px" in line
    assert line.endswith("not here")


def test_list_as_json(mini: Path) -> None:
    rows = [json.loads(line) for line in runner.invoke(app, ["list", "--json"]).stdout.splitlines()]
    present = {row["name"]: row["present"] for row in rows}
    assert present["mini"] is True
    assert present["instruct-pix2pix"] is False


def test_info_counts_what_torch_counts(mini: Path) -> None:
    from diffusers import UNet2DConditionModel

    found = json.loads(runner.invoke(app, ["info", "mini", "--json"]).stdout)
    parts = {part["name"]: part for part in found["parts"]}
    unet = UNet2DConditionModel.from_pretrained(mini / "unet")
    assert parts["unet"]["parameters"] == sum(parameter.numel() for parameter in unet.parameters())
    assert parts["unet"]["size"] == (mini / "unet" / "diffusion_pytorch_model.safetensors").stat().st_size
    assert parts["unet"]["dtype"] == "F32"
    assert parts["vae"]["kind"] == "AutoencoderTiny"
    assert found["parameters"] == sum(part["parameters"] for part in parts.values())
    assert (found["native_size"], found["prediction_type"], found["licence"]) == (32, "v_prediction", "CC0-1.0")
    assert found["defaults"]["text_guidance"] == 3.0


def test_info_for_people(mini: Path) -> None:
    text = runner.invoke(app, ["info", str(mini)]).stdout
    for piece in ("UNet2DConditionModel", "native size: 32 px", "prediction type: v_prediction", "licence: CC0-1.0"):
        assert piece in text
    assert "steps 4" in text


def test_native_size_without_defaults_is_that_of_the_latents(mini: Path) -> None:
    (mini / "ip2p.json").unlink()
    assert describe(mini, "MIT").native_size == 32  # 16 latents of 2 pixels
    assert describe(mini, "MIT").licence == "MIT"


def test_info_tells_the_measured_steps_of_these_very_weights(mini: Path) -> None:
    from ip2p_cli.checkpoint import read_checkpoint

    before = read_checkpoint(mini).fingerprint
    measured = {"fingerprint": before, "advised": {"ddim": 6, "heun": 4}}
    (mini / "samplers.json").write_text(json.dumps(measured))
    assert read_checkpoint(mini).fingerprint == before  # advice changes no edit
    assert json.loads(runner.invoke(app, ["info", "mini", "--json"]).stdout)["advised_steps"] == {"ddim": 6, "heun": 4}
    assert "steps that were measured to be enough: ddim 6, heun 4" in runner.invoke(app, ["info", "mini"]).stdout
    (mini / "samplers.json").write_text(json.dumps(measured | {"fingerprint": "another"}))
    assert json.loads(runner.invoke(app, ["info", "mini", "--json"]).stdout)["advised_steps"] == {}


def test_info_on_damaged_weights_names_the_file(mini: Path) -> None:
    (mini / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"garbage, not safetensors")
    with pytest.raises(ModelError, match=r"unet/diffusion_pytorch_model\.safetensors is no safetensors file"):
        describe(mini)


def test_listing_and_inspecting_load_no_torch(mini: Path) -> None:
    code = (
        "import sys; from pathlib import Path; import ip2p_cli.commands.models;"
        "from ip2p_cli.model_info import describe;"
        f"describe(Path({str(mini)!r})); print([m for m in ('torch', 'diffusers', 'transformers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_convert_passes_errors_on(tmp_path: Path) -> None:
    result = runner.invoke(app, ["convert", str(tmp_path / "none.ckpt"), "-o", str(tmp_path / "out")])
    assert "none.ckpt does not exist" in str(result.exception)
    assert result.stdout == ""
