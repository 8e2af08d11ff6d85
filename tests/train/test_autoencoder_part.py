"""The autoencoder part: what its losses tell apart, what it goes on from, which pictures it sees."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from ip2p_cli.api import count_pairs, find_photos
from ip2p_gen_data.compose.engine import ComposeConfig, ComposeEngine
from ip2p_gen_data.generate import generate
from ip2p_train.autoencoder import AutoencoderPart, fresh_autoencoder, load_autoencoder, texture_energy
from ip2p_train.config import AutoencoderConfig, TrainConfig
from ip2p_train.parts import Setting, build_part
from ip2p_train.photos import PhotoCrops

SMALL = AutoencoderConfig(
    latent_channels=4, width=16, encoder_blocks=(0, 1), decoder_blocks=(1, 0), crop=32, aligned_share=0.5
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    generate(folder, ComposeEngine((), (), ComposeConfig(size=32)), pairs=56, pairs_per_shard=56, workers=1)
    Image.new("RGB", (40, 48), "teal").save(folder / "photo.png")
    return folder


def test_a_blurred_edge_has_less_texture_energy_but_as_much_change() -> None:
    sharp = torch.zeros(1, 1, 32, 32)
    sharp[..., 16:] = 1
    blurred = F.avg_pool2d(F.pad(sharp, (2, 2, 2, 2), mode="replicate"), 5, stride=1)
    assert blurred.diff(dim=-1).abs().sum() == pytest.approx(sharp.diff(dim=-1).abs().sum().item(), rel=1e-4)
    assert texture_energy(blurred).mean() < 0.7 * texture_energy(sharp).mean()


def test_it_goes_on_from_the_base_unless_told_to_start_fresh(data: Path, tiny_checkpoint: Path, tmp_path: Path) -> None:
    def first_weights(fresh: bool) -> torch.Tensor:
        config = TrainConfig(autoencoder=AutoencoderConfig(fresh=fresh, crop=32))
        return next(
            build_part("autoencoder", data, tiny_checkpoint, config, Setting(tmp_path)).part.model.parameters()
        ).detach()

    from safetensors.torch import load_file

    base = load_file(tiny_checkpoint / "vae" / "diffusion_pytorch_model.safetensors")
    assert any(torch.equal(first_weights(fresh=False), weight) for weight in base.values())
    assert not any(torch.equal(first_weights(fresh=True), weight) for weight in base.values())


def test_all_pictures_of_favoured_families_are_held(data: Path, tmp_path: Path) -> None:
    def held(favoured: tuple[str, ...]) -> int:
        settings = AutoencoderConfig(fresh=True, crop=32, max_pictures=1, favoured=favoured)
        part = build_part("autoencoder", data, None, TrainConfig(autoencoder=settings), Setting(tmp_path)).part
        assert isinstance(part, AutoencoderPart) and isinstance(part.crops, PhotoCrops)
        return len(part.crops.images)

    few = held(())
    assert few == 1 + 1  # the photo and one picture
    assert few < held(("night", "cartoon", "fog", "sepia")) < held(("*",)) == 1 + count_pairs(data)


@pytest.mark.parametrize("aligned_share", [0.0, 0.5, 1.0])
def test_a_loss_names_its_parts_and_has_a_gradient(data: Path, aligned_share: float) -> None:
    part = AutoencoderPart(PhotoCrops(find_photos(data), SMALL.crop), replace(SMALL, aligned_share=aligned_share))
    loss, figures = part.loss(torch.Generator().manual_seed(0), 4)
    loss.backward()
    assert {"psnr", "texture", "anchor", "unit"} <= figures.keys()
    assert all(p.grad is not None for p in part.model.parameters())


def test_what_is_saved_has_its_share_of_the_base(data: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    start = fresh_autoencoder(SMALL)
    before = {name: each.clone() for name, each in start.state_dict().items()}
    part = AutoencoderPart(PhotoCrops(find_photos(data), SMALL.crop), replace(SMALL, share_of_base=0.25), start)
    with torch.no_grad():
        for parameter in part.model.parameters():
            parameter.add_(1)
    trained = {name: each.clone() for name, each in part.model.state_dict().items()}
    part.save(tmp_path)
    for name, saved in load_autoencoder(tmp_path).state_dict().items():
        torch.testing.assert_close(saved, 0.75 * trained[name] + 0.25 * before[name])
        torch.testing.assert_close(part.model.state_dict()[name], trained[name])  # which is trained on as it is


def test_a_fresh_autoencoder_keeps_the_signal_alive() -> None:
    torch.manual_seed(0)
    model = fresh_autoencoder(AutoencoderConfig())
    x = torch.rand(2, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        z = model.encode(x).latents
        y = model.decode(z).sample
    assert 0.2 < z.std() < 5 and 0.05 < y.std() < 5
