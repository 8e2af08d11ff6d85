"""The parts that train on drawn data: what they leave is what `gen-data` works with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import AutoencoderTiny, UNet2DConditionModel
from safetensors.torch import load_file
from transformers import CLIPTextModel

from ip2p_cli.api import DrawnData, UsageError, samplers
from ip2p_gen_data.clip_filter.model import load_clip
from ip2p_gen_data.instructions.finetune import finetune
from ip2p_gen_data.instructions.local import load_lm, stored_dtype
from ip2p_gen_data.instructions.triplets import Triplet
from ip2p_gen_data.p2p.config import DrawConfig, P2PConfig, draw
from ip2p_gen_data.p2p.engine import P2PEngine
from ip2p_gen_data.p2p.model import load_text_to_image
from ip2p_gen_data.p2p.sharing import cross_attentions, self_attentions
from ip2p_gen_data.prompts import CaptionPair
from ip2p_train.clip import contrast
from ip2p_train.config import (
    AutoencoderConfig,
    ClipConfig,
    LanguageModelConfig,
    LoopConfig,
    TextToImageConfig,
    TrainConfig,
)
from ip2p_train.drawn import as_pixels
from ip2p_train.loop import train
from ip2p_train.parts import Setting, build_part, find_data
from ip2p_train.text_to_image import leave_out

CONFIG = TrainConfig(
    loop=LoopConfig(max_steps=2, batch_size=4, log_every=1),
    autoencoder=AutoencoderConfig(
        fresh=True, latent_channels=4, width=8, encoder_blocks=(0, 1, 1), decoder_blocks=(1, 1, 0), recolour=0.0
    ),
    text_to_image=TextToImageConfig(
        block_out_channels=(16, 32), attention_heads=2, time_embedding_dim=32, text_width=32, text_layers=1
    ),
    clip=ClipConfig(width=32, layers=1, heads=2, text_width=32, text_layers=1, projection=16),
    language_model=LanguageModelConfig(width=32, layers=1, heads=2),
)


@pytest.fixture(scope="module")
def world() -> DrawnData:
    found = find_data(Path("world"), seed=3)
    assert not isinstance(found, Path)
    return found


@pytest.fixture(scope="module")
def trained(world: DrawnData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for each part, two steps after the start."""
    root = tmp_path_factory.mktemp("parts")
    for name in ("autoencoder", "text-to-image", "clip", "language-model"):
        part = build_part(name, world, root / "autoencoder", CONFIG, Setting(root / name)).part
        list(train(part, CONFIG.loop, root / name, resume=False))
    return root


def test_a_text_to_image_checkpoint_draws_and_attends_at_every_level(trained: Path) -> None:
    model = load_text_to_image(str(trained / "text-to-image"), device="cpu")
    assert (model.native_size, model.factor) == (64, 4)
    for block in (*model.unet.down_blocks, model.unet.mid_block, *model.unet.up_blocks):
        assert self_attentions(block) and cross_attentions(block)
    engine = P2PEngine(model, P2PConfig(steps=3), samplers())
    pair = CaptionPair(0, "a red ball on the grass", "make it night", "a red ball on the grass at night")
    [images] = engine([(pair, draw(DrawConfig(), 0, 0))])
    assert images is not None and images.edited.size == (64, 64)


def test_a_clip_compares_pictures_with_captions(trained: Path, world: DrawnData) -> None:
    from PIL import Image

    clip = load_clip(str(trained / "clip"), device="cpu", offline=True)
    captions, pictures = world.captioned(range(3))
    images, texts = clip.images([Image.fromarray(one) for one in pictures]), clip.texts(captions)
    assert images.shape == texts.shape == (3, 16)


def test_its_processor_gives_the_pixels_that_it_was_trained_on(trained: Path, world: DrawnData) -> None:
    from PIL import Image
    from transformers import CLIPImageProcessor

    _, pictures = world.captioned(range(2))
    processor = CLIPImageProcessor.from_pretrained(trained / "clip")
    given = processor(images=[Image.fromarray(one) for one in pictures], return_tensors="pt")["pixel_values"]
    assert torch.allclose(given, as_pixels(pictures), atol=1e-5)


def test_a_language_model_can_be_tuned_on_triplets(trained: Path, world: DrawnData, tmp_path: Path) -> None:
    base = str(trained / "language-model")
    model, tokenizer = load_lm(base, offline=True)
    triplets = [Triplet("a red ball on the grass", "make it night", "a red ball on the grass at night")]
    kept = stored_dtype(base)
    records = list(finetune(model, tokenizer, triplets, CONFIG.loop, tmp_path, {}, save_dtype=kept))
    assert np.isfinite(records[-1]["loss"])
    assert model.dtype == torch.float32  # it was trained so, and takes no more room than its base
    assert kept == stored_dtype(str(tmp_path)) == torch.float16
    assert {weight.dtype for weight in load_file(tmp_path / "model.safetensors").values()} == {torch.float16}
    text = "a red ball\n##\nmake it night\n%%\nnaïve 球\nEND"
    assert tokenizer.decode(tokenizer(text).input_ids) == text


def test_nothing_that_is_written_names_a_folder_of_its_maker(trained: Path) -> None:
    for path in trained.rglob("*.json"):
        assert str(trained) not in path.read_text(encoding="utf-8"), path


def test_text_to_image_may_start_from_the_text_tower_of_a_clip(trained: Path, world: DrawnData, tmp_path: Path) -> None:
    config = replace(CONFIG, text_to_image=replace(CONFIG.text_to_image, clip=str(trained / "clip")))
    part = build_part("text-to-image", world, trained / "autoencoder", config, Setting(tmp_path)).part
    tower = CLIPTextModel.from_pretrained(trained / "clip", dtype=torch.float32).state_dict()
    found = part.model.text_encoder.state_dict()
    assert tower.keys() == found.keys() and all(torch.equal(tower[name], found[name]) for name in tower)
    loss, _ = part.loss(torch.Generator().manual_seed(0), 4)
    assert torch.isfinite(loss)


def test_a_clip_that_is_not_there_is_named(trained: Path, world: DrawnData, tmp_path: Path) -> None:
    config = replace(CONFIG, text_to_image=replace(CONFIG.text_to_image, clip=str(tmp_path / "none")))
    with pytest.raises(UsageError, match=r"no CLIP text encoder in .*none"):
        build_part("text-to-image", world, trained / "autoencoder", config, Setting(tmp_path))


def test_text_to_image_goes_on_from_a_base_that_has_it(trained: Path, world: DrawnData, tmp_path: Path) -> None:
    base = trained / "text-to-image"
    part = build_part("text-to-image", world, base, CONFIG, Setting(tmp_path)).part
    old = UNet2DConditionModel.from_pretrained(base / "unet", torch_dtype=torch.float32).state_dict()
    assert all(torch.equal(old[name], weight) for name, weight in part.model.unet.state_dict().items())
    scale = AutoencoderTiny.from_pretrained(base / "vae").config.scaling_factor
    assert part.vae.config.scaling_factor == scale != 1.0
    again = replace(CONFIG, text_to_image=replace(CONFIG.text_to_image, fresh=True))
    fresh = build_part("text-to-image", world, base, again, Setting(tmp_path)).part.model.unet.state_dict()
    assert not all(torch.equal(old[name], weight) for name, weight in fresh.items())


def test_captions_are_left_out_as_told() -> None:
    assert leave_out(["a", "b", "c"], torch.tensor([False, True, False])) == ["a", "", "c"]


def test_a_text_to_image_batch_can_be_divided(world: DrawnData, trained: Path, tmp_path: Path) -> None:
    part = build_part("text-to-image", world, trained / "autoencoder", CONFIG, Setting(tmp_path)).part
    whole, _ = part.loss(torch.Generator().manual_seed(0), 6)
    pieces = [part.loss_of(torch.Generator().manual_seed(0), 6, slice(at, at + 3))[0] for at in (0, 3)]
    assert torch.allclose(whole, sum(pieces) / 2, atol=1e-5)


@pytest.mark.parametrize("name", ["autoencoder", "text-to-image", "clip", "language-model"])
def test_a_loss_is_the_same_again_and_has_a_gradient(name: str, world: DrawnData, trained: Path) -> None:
    losses = []
    for _ in range(2):
        part = build_part(name, world, trained / "autoencoder", CONFIG, Setting(trained)).part
        loss, _ = part.loss(torch.Generator().manual_seed(0), 4)
        loss.backward()
        losses.append(loss.item())
        assert any(p.grad is not None and p.grad.any() for p in part.model.parameters())
    assert losses[0] == losses[1]


def test_contrast_knows_who_belongs_together() -> None:
    vectors = torch.eye(4)
    matched, right = contrast(vectors, vectors, torch.tensor(10.0))
    shuffled, none = contrast(vectors, vectors.roll(1, 0), torch.tensor(10.0))
    assert matched < 0.01 < shuffled and (right, none) == (1.0, 0.0)


def test_drawn_data_is_known_by_name_and_fits_some_parts_only(world: DrawnData, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="drawn: world"):
        find_data(Path("wrold"), 0)
    with pytest.raises(UsageError, match="dataset made by gen-data"):
        build_part("editor", world, None, CONFIG, Setting(tmp_path))
    with pytest.raises(UsageError, match="ip2p train world"):
        build_part("clip", tmp_path, None, CONFIG, Setting(tmp_path))
