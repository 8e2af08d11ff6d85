"""Conversion of the original layout: the converted networks compute what the source networks do.

Where the process of its own does not matter, its work is called in this one: starting it takes seconds.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from ip2p_cli.convert import convert_checkpoint
from ip2p_cli.convert.__main__ import main
from ip2p_cli.convert.folder import convert_folder
from ip2p_cli.convert.ldm import convert_file
from ip2p_cli.convert.ldm_shapes import text_config, unet_config, vae_config
from ip2p_cli.convert.weights import read_weights
from ip2p_cli.errors import ModelError, UsageError
from ip2p_cli.model_info import describe
from ip2p_cli.models import resolve_model
from tests.models.ldm_file import Networks, ldm_state, make_networks, save_with_training_objects

EMA_SHIFT = 0.01


@dataclass(frozen=True)
class Original:
    """A single file, the networks it was made from, and a vocabulary that fits."""

    file: Path
    networks: Networks
    tokenizer: Path


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory, tiny_checkpoint: Path) -> Original:
    tokenizer = tiny_checkpoint / "tokenizer"
    networks = make_networks(vocabulary=len(json.loads((tokenizer / "vocab.json").read_text())), length=16)
    file = tmp_path_factory.mktemp("original") / "instruct-pix2pix-00-22000.ckpt"
    save_with_training_objects(file, ldm_state(networks, ema_shift=EMA_SHIFT))
    return Original(file, networks, tokenizer)


@pytest.fixture(scope="session")
def converted(tmp_path_factory: pytest.TempPathFactory, original: Original) -> Path:
    output = tmp_path_factory.mktemp("converted") / "model"
    return convert_checkpoint(original.file, output, tokenizer=original.tokenizer, licence="MIT")


def _convert_file(file: Path, output: Path, tokenizer: Path | None, *, ema: bool = False) -> Path:
    convert_file(file, output, tokenizer=tokenizer, ema=ema, licence=None)
    return output


def _unet_output(unet: torch.nn.Module, seed: int = 1) -> torch.Tensor:
    random = torch.Generator().manual_seed(seed)
    latents = torch.randn(2, 8, 16, 16, generator=random)
    text = torch.randn(2, 16, 64, generator=random)
    with torch.no_grad():
        return unet(latents, torch.tensor([10, 700]), text).sample


def test_unet_computes_the_same(original: Original, converted: Path) -> None:
    from diffusers import UNet2DConditionModel

    expected = _unet_output(original.networks.unet)
    found = _unet_output(UNet2DConditionModel.from_pretrained(converted / "unet").eval())
    assert expected.std() > 0.01
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


def test_autoencoder_computes_the_same(original: Original, converted: Path) -> None:
    from diffusers import AutoencoderKL

    vae = AutoencoderKL.from_pretrained(converted / "vae").eval()
    picture = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.no_grad():
        expected = original.networks.vae.encode(picture).latent_dist.mode()
        torch.testing.assert_close(vae.encode(picture).latent_dist.mode(), expected, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(
            vae.decode(expected).sample, original.networks.vae.decode(expected).sample, atol=1e-5, rtol=1e-4
        )
    assert vae.config.scaling_factor == pytest.approx(0.18215)


def test_text_encoder_computes_the_same(original: Original, converted: Path) -> None:
    from transformers import CLIPTextModel

    text = CLIPTextModel.from_pretrained(converted / "text_encoder").eval()
    tokens = torch.arange(16)[None]
    with torch.no_grad():
        expected = original.networks.text_encoder(tokens).last_hidden_state
        torch.testing.assert_close(text(tokens).last_hidden_state, expected, atol=1e-5, rtol=1e-4)


def test_result_resolves_and_says_what_it_is(converted: Path) -> None:
    assert resolve_model(str(converted), {}, offline=True) == converted.resolve()
    found = describe(converted)
    assert (found.licence, found.prediction_type, found.native_size) == ("MIT", "epsilon", 128)
    assert found.defaults["text_guidance"] == 7.5
    assert found.defaults["image_guidance"] == 1.5
    assert not [file for file in converted.rglob("*") if file.suffix in (".bin", ".ckpt") or file.name[0] == "."]


def test_stock_pipeline_opens_and_runs_it(converted: Path) -> None:
    from diffusers import StableDiffusionInstructPix2PixPipeline
    from PIL import Image

    pipeline = StableDiffusionInstructPix2PixPipeline.from_pretrained(converted)
    pipeline.set_progress_bar_config(disable=True)
    photo = Image.new("RGB", (32, 32), (120, 90, 40))
    [image] = pipeline("make it night", image=photo, num_inference_steps=2).images
    assert pipeline.safety_checker is None
    assert image.size == (32, 32)


def test_ema_takes_the_averaged_weights(original: Original, converted: Path, tmp_path: Path) -> None:
    from diffusers import UNet2DConditionModel

    averaged = _convert_file(original.file, tmp_path / "ema", original.tokenizer, ema=True)
    plain = UNet2DConditionModel.from_pretrained(converted / "unet").state_dict()
    for name, weight in UNet2DConditionModel.from_pretrained(averaged / "unet").state_dict().items():
        torch.testing.assert_close(weight, plain[name] + EMA_SHIFT)


def test_ema_asked_of_a_file_without_it(original: Original, tmp_path: Path) -> None:
    file = tmp_path / "plain.ckpt"
    torch.save({"state_dict": ldm_state(original.networks)}, file)
    with pytest.raises(ModelError, match="without --ema"):
        _convert_file(file, tmp_path / "out", original.tokenizer, ema=True)


def test_half_precision_safetensors_file_keeps_its_numbers(original: Original, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    state = {name: tensor.half().contiguous() for name, tensor in ldm_state(original.networks).items()}
    save_file(state, tmp_path / "pruned-fp16.safetensors")
    output = _convert_file(tmp_path / "pruned-fp16.safetensors", tmp_path / "out", original.tokenizer)
    assert {part.dtype for part in describe(output).parts if part.parameters} == {"F16"}


def test_text_to_image_checkpoint_is_refused(original: Original, tmp_path: Path) -> None:
    vocabulary = original.networks.text_encoder.config.vocab_size
    torch.save(ldm_state(make_networks(vocabulary, 16, in_channels=4)), tmp_path / "sd.ckpt")
    with pytest.raises(ModelError, match="takes 4 channels"):
        _convert_file(tmp_path / "sd.ckpt", tmp_path / "out", original.tokenizer)


def test_shapes_of_stable_diffusion_1_are_read_off_its_weights() -> None:
    """The released model's structure, without its numbers: every weight finds its place."""
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint, convert_ldm_vae_checkpoint
    from transformers import CLIPTextConfig, CLIPTextModel

    with torch.device("meta"):
        unet = UNet2DConditionModel(in_channels=8, sample_size=64, cross_attention_dim=768)
        vae = AutoencoderKL(
            block_out_channels=(128, 256, 512, 512),
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            layers_per_block=2,
            latent_channels=4,
            sample_size=512,
        )
        text = CLIPTextModel(
            CLIPTextConfig(
                hidden_size=768, intermediate_size=3072, num_attention_heads=12, projection_dim=768, pad_token_id=49407
            )
        )
        state = ldm_state(Networks(unet, vae, text)) | {"scale_factor": torch.tensor(0.18215, device="cpu")}
    for network, found in ((unet, unet_config(state)), (vae, vae_config(state)), (text, text_config(state))):
        expected = {key: getattr(network.config, key) for key in found if not key.startswith(("_", "arch", "model_"))}
        expected |= {key: list(value) for key, value in expected.items() if isinstance(value, tuple)}
        assert {key: found[key] for key in expected} == expected
    assert convert_ldm_unet_checkpoint(state, unet_config(state)).keys() == unet.state_dict().keys()
    assert convert_ldm_vae_checkpoint(state, vae_config(state)).keys() == vae.state_dict().keys()


def test_missing_weight_is_named(original: Original, tmp_path: Path) -> None:
    state = ldm_state(original.networks)
    del state["model.diffusion_model.output_blocks.4.0.out_layers.3.weight"]
    torch.save(state, tmp_path / "torn.ckpt")
    with pytest.raises(ModelError, match=r"up_blocks\.1\.resnets\.1\.conv2\.weight"):
        _convert_file(tmp_path / "torn.ckpt", tmp_path / "out", original.tokenizer)


@pytest.mark.parametrize("name", ["p0.jpg", "p0.ckpt"])
def test_a_photo_is_no_checkpoint_file(name: str, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (8, 8)).save(tmp_path / name, "JPEG")
    with pytest.raises(ModelError, match=r"p0\.\w+ is no checkpoint file: give a \.ckpt or \.safetensors file"):
        read_weights(tmp_path / name)


def test_a_file_in_the_place_of_the_output_folder_is_named(original: Original, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"cannot write .*file.out"):
        convert_checkpoint(original.file, tmp_path / "file" / "out", tokenizer=original.tokenizer)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint at all\n", b"PK\x03\x04 cut off"])
def test_no_checkpoint_at_all(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.ckpt").write_bytes(content)
    with pytest.raises(ModelError, match=r"x\.ckpt") as caught:
        read_weights(tmp_path / "x.ckpt")
    assert "\n" not in str(caught.value)


def test_tokenizer_must_be_given_or_cached(original: Original, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "empty"))
    with pytest.raises(ModelError, match="--tokenizer DIR"):
        _convert_file(original.file, tmp_path / "out", None)


def test_tokenizer_of_another_size_is_refused(original: Original, tmp_path: Path) -> None:
    (tmp_path / "vocab.json").write_text(json.dumps({"a": 0, "b": 1}))
    (tmp_path / "merges.txt").write_text("#version: 0.2\n")
    with pytest.raises(ModelError, match="has 2 words"):
        _convert_file(original.file, tmp_path / "out", tmp_path)


def test_an_existing_folder_is_never_touched(original: Original, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("keep")
    with pytest.raises(UsageError, match="exists already"):
        convert_checkpoint(original.file, tmp_path / "out", tokenizer=original.tokenizer)
    assert (tmp_path / "out" / "mine.txt").read_text() == "keep"


@pytest.fixture
def pickled_folder(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    """The small checkpoint with .bin weights, as repositories of 2023 have them, a safety checker in its index."""
    from safetensors.torch import load_file

    folder = Path(shutil.copytree(tiny_checkpoint, tmp_path / "pickled"))
    for part, old in {"unet": "diffusion_pytorch_model", "vae": "diffusion_pytorch_model"}.items():
        file = folder / part / f"{old}.safetensors"
        torch.save(load_file(file), file.with_suffix(".bin"))
        file.unlink()
    text = folder / "text_encoder" / "model.safetensors"
    weights = {f"text_model.{name}": tensor for name, tensor in load_file(text).items()}
    weights["text_model.embeddings.position_ids"] = torch.arange(16)[None]
    torch.save(weights, text.with_name("pytorch_model.bin"))
    text.unlink()
    index = json.loads((folder / "model_index.json").read_text())
    index |= {"_class_name": "StableDiffusionPipeline", "safety_checker": ["stable_diffusion", "SafetyChecker"]}
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


def test_folder_of_pickles_becomes_safetensors(
    pickled_folder: Path, tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from diffusers import StableDiffusionInstructPix2PixPipeline
    from safetensors.torch import load_file

    with pytest.raises(ModelError, match="ip2p models convert"):
        resolve_model(str(pickled_folder), {}, offline=True)
    output = tmp_path / "out"
    monkeypatch.setattr("sys.argv", ["convert", str(pickled_folder), str(output)])
    assert main() == 0
    assert resolve_model(str(output), {}, offline=True) == output.resolve()
    for file in ("unet/diffusion_pytorch_model", "vae/diffusion_pytorch_model", "text_encoder/model"):
        before, after = (load_file(folder / f"{file}.safetensors") for folder in (tiny_checkpoint, output))
        after = {name.removeprefix("text_model."): tensor for name, tensor in after.items()}
        assert before.keys() == after.keys()
        assert all(torch.equal(before[name], after[name]) for name in before)
    assert describe(output).licence == "CC0-1.0"
    assert StableDiffusionInstructPix2PixPipeline.from_pretrained(output).safety_checker is None


def test_folder_cannot_name_a_class_of_its_choice(pickled_folder: Path, tmp_path: Path) -> None:
    index = json.loads((pickled_folder / "model_index.json").read_text())
    index["unet"] = ["diffusers", "FluxTransformer2DModel"]
    (pickled_folder / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(ModelError, match="must be one of UNet2DConditionModel"):
        convert_folder(pickled_folder, tmp_path / "out", ema=False, licence=None)
