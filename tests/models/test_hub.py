"""Hub models: the cache first, then the network, and nothing but what an editor needs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ip2p_cli.errors import ModelError
from ip2p_cli.models import built_in_models, find_locally, pull_model, resolve_model
from ip2p_cli.types import ModelInfo
from tests.models.hub_server import Hub, serve

HUB_ID = "someone/tiny-editor"
PICKLED_ID = "someone/pickled-editor"


@pytest.fixture(scope="module")
def repositories(tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A checkpoint as people publish it, with much beside it; and one with pickled weights only."""
    root = tmp_path_factory.mktemp("hub")
    whole = Path(shutil.copytree(tiny_checkpoint, root / "whole"))
    (whole / "safety_checker").mkdir()
    for extra in (
        "instruct-pix2pix-00-22000.ckpt",
        "instruct-pix2pix-00-22000.safetensors",
        "pipeline.py",
        "unet/diffusion_pytorch_model.bin",
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "unet/diffusion_pytorch_model.non_ema.safetensors",
        "safety_checker/model.safetensors",
    ):
        (whole / extra).write_bytes(b"not wanted")
    pickled = Path(shutil.copytree(tiny_checkpoint, root / "pickled"))
    weights = pickled / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    return {HUB_ID: whole, PICKLED_ID: pickled}


@pytest.fixture
def hub(repositories: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serve(repositories) as running:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", running.url)
        monkeypatch.setattr(
            "huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE",
            f"{running.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}",
        )
        yield running


def test_offline_asks_nothing_and_says_what_to_do(hub: Hub) -> None:
    with pytest.raises(ModelError, match=f"not in the local cache.*ip2p models pull {HUB_ID}"):
        resolve_model(HUB_ID, {}, offline=True)
    assert hub.requests == []


def test_fetches_what_an_editor_needs_then_never_asks_again(hub: Hub, tiny_checkpoint: Path) -> None:
    folder = resolve_model(HUB_ID, {}, offline=False)
    wanted = {file.relative_to(tiny_checkpoint).as_posix() for file in tiny_checkpoint.rglob("*") if file.is_file()}
    assert hub.files() == wanted
    weights = "unet/diffusion_pytorch_model.safetensors"
    assert (folder / weights).read_bytes() == (tiny_checkpoint / weights).read_bytes()
    before = len(hub.requests)
    assert resolve_model(HUB_ID, {}, offline=False) == folder
    assert resolve_model(HUB_ID, {}, offline=True) == folder
    assert len(hub.requests) == before


def test_a_download_cut_short_is_taken_up_again(hub: Hub) -> None:
    folder = pull_model(HUB_ID, {})
    (folder / "vae" / "diffusion_pytorch_model.safetensors").unlink()
    with pytest.raises(ModelError, match="only in part in the local cache"):
        resolve_model(HUB_ID, {}, offline=True)
    assert (resolve_model(HUB_ID, {}, offline=False) / "vae" / "diffusion_pytorch_model.safetensors").is_file()


def test_a_registered_name_may_be_a_hub_model(hub: Hub) -> None:
    named = ModelInfo("tiny", HUB_ID, 32, "CC0-1.0")
    assert find_locally(named) is None
    folder = pull_model("tiny", {"tiny": named})
    assert find_locally(named) == folder
    assert resolve_model("tiny", {"tiny": named}, offline=True) == folder


def test_unknown_repository(hub: Hub) -> None:
    with pytest.raises(ModelError, match="'someone/nothing' does not exist, or is private") as caught:
        resolve_model("someone/nothing", {}, offline=False)
    assert "\n" not in str(caught.value)


def test_pickled_repository_is_not_fetched_but_pointed_to_convert(hub: Hub) -> None:
    with pytest.raises(ModelError, match=r"no safetensors weights.*unet/.*ip2p models convert"):
        resolve_model(PICKLED_ID, {}, offline=False)
    assert not [name for name in hub.files() if name.endswith(".bin")]


def test_no_network_is_one_clear_line(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve({}) as gone:
        pass
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", gone.url)
    with pytest.raises(ModelError, match=f"{HUB_ID}' cannot be fetched.*check the network") as caught:
        resolve_model(HUB_ID, {}, offline=False)
    assert "\n" not in str(caught.value)


def test_the_environment_can_forbid_the_network(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match="ip2p models pull"):
        resolve_model(HUB_ID, {}, offline=False)
    with pytest.raises(ModelError, match="HF_HUB_OFFLINE"):
        pull_model(HUB_ID, {})
    assert hub.requests == []


def test_built_in_hub_models_are_hub_ids() -> None:
    locations = {model.name: model.location for model in built_in_models()}
    assert locations["instruct-pix2pix"] == "timbrooks/instruct-pix2pix"
