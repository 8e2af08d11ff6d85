"""Names, folders, and what is said of those that are neither."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ip2p_cli import models
from ip2p_cli.errors import ModelError
from ip2p_cli.models import built_in_models, known_models, pull_model, resolve_model
from ip2p_cli.types import ModelInfo


@pytest.fixture
def copy(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_checkpoint, tmp_path / "model"))


def _refusal(name: str | Path, **registered: ModelInfo) -> str:
    with pytest.raises(ModelError) as caught:
        resolve_model(str(name), registered, offline=True)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_folder_resolves_to_itself(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve_model(str(copy), {}, offline=True) == copy.resolve()
    monkeypatch.chdir(copy.parent)
    assert resolve_model("model", {}, offline=True) == copy.resolve()


def test_registered_folder_resolves_by_name(copy: Path) -> None:
    assert resolve_model("mine", {"mine": ModelInfo("mine", str(copy))}, offline=True) == copy.resolve()


def test_mini_is_the_folder_in_the_package(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "MINI_FOLDER", copy)
    assert resolve_model("mini", {}, offline=True) == copy.resolve()
    mini = built_in_models()[0]
    assert (mini.name, mini.native_size, mini.licence) == ("mini", 32, "CC0-1.0")


def test_mini_missing_from_the_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "MINI_FOLDER", tmp_path / "gone")
    assert "install ip2p again" in _refusal("mini")


def test_a_name_wins_over_a_folder_and_a_path_over_the_name(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Path(shutil.copytree(copy, copy.parent / "mini"))
    monkeypatch.setattr(models, "MINI_FOLDER", copy)
    monkeypatch.chdir(copy.parent)
    assert resolve_model("mini", {}, offline=True) == copy.resolve()
    assert resolve_model("./mini", {}, offline=True) == other.resolve()


def test_a_plugin_cannot_take_a_built_in_name(copy: Path) -> None:
    with pytest.raises(ModelError, match=r"'mini' is built in .* also registered by a plugin"):
        known_models({"mini": ModelInfo("mini", str(copy))})


def test_unknown_name_suggests_the_nearest(copy: Path) -> None:
    assert "did you mean 'mini'?" in _refusal("mimi")
    assert "did you mean 'golden'?" in _refusal("goldn", golden=ModelInfo("golden", str(copy)))


def test_missing_path_is_called_a_path() -> None:
    assert "no model folder './nothing/here'" in _refusal("./nothing/here")


@pytest.mark.parametrize("name", ["x.ckpt", "x.bin", "x.pt", "x.safetensors"])
def test_single_file_is_pointed_to_convert(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"x")
    assert f"ip2p models convert {tmp_path / name} -o DIR" in _refusal(tmp_path / name)
    assert "convert" not in _refusal(f"owner/{name}")  # there is no such file


def test_other_file_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"x")
    assert "is a file, not a checkpoint" in _refusal(tmp_path / "photo.jpg")


def test_folder_without_an_index(tmp_path: Path) -> None:
    assert "has no model_index.json" in _refusal(tmp_path)


def test_folder_of_pickles_is_pointed_to_convert(copy: Path) -> None:
    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    assert f"ip2p models convert {copy} -o DIR" in _refusal(copy)


def test_folder_that_lacks_something_names_it(copy: Path) -> None:
    (copy / "tokenizer" / "tokenizer_config.json").unlink()
    (copy / "vae" / "diffusion_pytorch_model.safetensors").unlink()
    assert "lacks tokenizer/tokenizer_config.json, vae/diffusion_pytorch_model.safetensors" in _refusal(copy)


def test_sharded_weights_are_whole_only_with_every_shard(copy: Path) -> None:
    unet = copy / "unet"
    names = [f"diffusion_pytorch_model-0000{number}-of-00002.safetensors" for number in (1, 2)]
    (unet / "diffusion_pytorch_model.safetensors").rename(unet / names[0])
    index = json.dumps({"weight_map": {"a": names[0], "b": names[1]}})
    (unet / "diffusion_pytorch_model.safetensors.index.json").write_text(index)
    assert "lacks unet/" in _refusal(copy)
    shutil.copy(unet / names[0], unet / names[1])
    assert resolve_model(str(copy), {}, offline=True) == copy.resolve()


def test_pull_of_what_is_here_needs_no_network(copy: Path) -> None:
    assert pull_model(str(copy), {}) == copy.resolve()
    with pytest.raises(ModelError, match="did you mean"):
        pull_model("mimi", {})
