"""The editor part: dropout as the paper says, and a result that `load_editor` opens."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ip2p_cli.api import EditRequest, Pair, UsageError, load_editor, write_shard
from ip2p_cli.dataset import encode_image
from ip2p_train.base import read_base
from ip2p_train.config import EditorConfig, LoopConfig
from ip2p_train.diffusion import EPSILON, V, min_snr_weights
from ip2p_train.editor import draw_dropout
from ip2p_train.loop import train
from ip2p_train.schedule import step_generator
from ip2p_train.unet import widen_conv_in
from tests.tiny import SD_SCHEDULER, TinySpec, make_checkpoint
from tests.train.small import CONFIG, LOOP, SMALL, editor_part, write_pairs, write_text_to_image


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pairs(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def text_to_image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_text_to_image(tmp_path_factory.mktemp("text-to-image"))


def test_dropout_counts_are_five_percent_each_in_100k_draws() -> None:
    counts = torch.zeros(3)
    for step in range(100):
        no_text, no_photo = draw_dropout(EditorConfig(), 1000, step_generator(0, step))
        counts += torch.stack([no_text & ~no_photo, no_photo & ~no_text, no_text & no_photo]).sum(dim=1)
    assert counts / 100_000 == pytest.approx([0.05] * 3, abs=0.005)


def test_what_is_dropped_is_null_text_and_a_zero_photo(data: Path, tiny_checkpoint: Path, tmp_path: Path) -> None:
    for drop in ("text", "image", "both"):
        shares = {f"drop_{name}": float(name == drop) for name in ("text", "image", "both")}
        part = editor_part(data, tiny_checkpoint, tmp_path, **shares)
        seen = []
        part.errors = lambda noised, weights, seen=seen: seen.append(noised) or torch.ones(4, 4)  # type: ignore[assignment,misc,return-value]
        part.loss(step_generator(0, 0), 4)
        [noised] = seen
        assert torch.equal(noised.text, part.pairs.null_text.expand(4, -1, -1)) == (drop in ("text", "both"))
        assert bool((noised.photo == 0).all()) == (drop in ("image", "both"))


def test_errors_weigh_more_where_the_pictures_differ(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ip2p_train.editor.CHANGED", 0.01)  # the latents of a random autoencoder are small
    pixels = np.random.default_rng(0).integers(0, 256, (32, 64, 3), np.uint8)
    half = pixels.copy()
    half[:, 32:] = 255 - pixels[:, 32:]
    before, after = (encode_image(Image.fromarray(one), quality=100) for one in (pixels, half))
    (tmp_path / "data").mkdir()
    write_shard(tmp_path / "data", 0, 1, [Pair(before, "turn the right half", after)] * 4)
    part = editor_part(tmp_path / "data", tiny_checkpoint, tmp_path / "out", change_weight=5.0)
    seen: list[torch.Tensor] = []
    part.errors = lambda noised, weights: seen.append(weights) or torch.ones(8, 4)  # type: ignore[assignment,misc,func-returns-value]
    part.loss(step_generator(0, 0), 8)
    left, right = seen[0][..., 0], seen[0][..., -1]  # (b, 1, h)
    placed = (right != left).flatten(1).any(dim=1)  # samples of little noise
    assert 0 < placed.sum() < 8
    torch.testing.assert_close(right[placed] / left[placed], torch.full_like(left[placed], 5.0))
    assert torch.equal(seen[0][~placed], torch.ones_like(seen[0][~placed]))


def test_the_loss_weighs_timesteps_and_colour_channels(data: Path, tiny_checkpoint: Path, tmp_path: Path) -> None:
    for gamma, colour in ((0.0, 1.0), (5.0, 1.0), (0.0, 3.0), (5.0, 3.0)):
        part = editor_part(data, tiny_checkpoint, tmp_path, min_snr_gamma=gamma, colour_weight=colour)
        seen: list[torch.Tensor] = []
        errors = torch.rand(8, 4, generator=step_generator(1, 1))  # samples, latent channels
        part.errors = lambda noised, weights, seen=seen, errors=errors: seen.append(noised.timesteps) or errors  # type: ignore[assignment,misc,func-returns-value]
        loss, figures = part.loss(step_generator(0, 0), 8)
        channels = torch.tensor([colour, colour, colour, 1.0])
        per_sample = (errors * channels / channels.mean()).mean(dim=1)
        expected = (per_sample * min_snr_weights(part.scheduler, seen[0], gamma)).mean()
        assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
        assert ("loss_colour" in figures) == (colour != 1)


def test_the_photo_is_given_unscaled_and_the_edit_scaled(data: Path, tmp_path: Path) -> None:
    base = make_checkpoint(tmp_path / "base", TinySpec(scaling_factor=0.5))
    part = editor_part(data, base, tmp_path / "out")
    picked = part.pairs.pick(step_generator(0, 0), 2)
    bucket = part.pairs.buckets[0]
    edited, photo, _ = part.pairs.take(picked)
    stored = [part.pairs.store.get([keys[pair] for pair in picked.pairs]) for keys in (bucket.edited, bucket.photos)]
    assert torch.equal(edited, stored[0] * 0.5) and torch.equal(photo, stored[1])


def test_a_widened_network_gives_what_the_text_to_image_network_gives(tmp_path: Path) -> None:
    from diffusers import UNet2DConditionModel

    base = write_text_to_image(tmp_path, SD_SCHEDULER)
    unet = UNet2DConditionModel.from_pretrained(base / "unet").eval()
    g = torch.Generator().manual_seed(0)
    z, text, t = (
        torch.randn(3, 4, 16, 16, generator=g),
        torch.randn(3, 16, 32, generator=g),
        torch.tensor([1, 500, 999]),
    )
    with torch.no_grad():
        before = unet(z, t, text).sample
        widen_conv_in(unet, 8)
        for scale in (0.0, 1.0, 100.0):
            photo = scale * torch.randn(3, 4, 16, 16, generator=g)
            assert torch.equal(unet(torch.cat([z, photo], dim=1), t, text).sample, before)


def test_the_first_loss_on_a_text_to_image_base_is_that_models_own(
    data: Path, text_to_image: Path, tmp_path: Path
) -> None:
    from diffusers import UNet2DConditionModel

    part = editor_part(data, text_to_image, tmp_path)
    assert part.model.config.in_channels == 8
    seen = []
    errors = part.errors
    part.errors = lambda noised, weights: seen.append(noised) or errors(noised, weights)  # type: ignore[assignment,method-assign,return-value]
    loss, _ = part.loss(step_generator(0, 0), 4)
    [noised] = seen
    unet = UNet2DConditionModel.from_pretrained(text_to_image / "unet")
    z = part.scheduler.add_noise(noised.x0, noised.noise, noised.timesteps)
    v = part.scheduler.get_velocity(noised.x0, noised.noise, noised.timesteps)
    own = torch.nn.functional.mse_loss(unet(z, noised.timesteps, noised.text).sample, v)
    assert loss.item() == pytest.approx(own.item(), rel=1e-5)


@pytest.mark.parametrize(("scheduler", "predicted"), [(SD_SCHEDULER, EPSILON), (None, V)])
def test_the_base_decides_what_is_predicted_and_the_editor_keeps_it(
    data: Path, tmp_path: Path, scheduler: dict[str, object] | None, predicted: str
) -> None:
    base = write_text_to_image(tmp_path / "base", *([scheduler] if scheduler else []))
    part = editor_part(data, base, tmp_path / "out")
    assert part.scheduler.config.prediction_type == predicted
    list(train(part, LOOP, tmp_path / "out", resume=False))
    photo = Image.new("RGB", (40, 60), "teal")
    editor = load_editor(str(tmp_path / "out"), device="cpu")
    [result] = editor.edit([EditRequest(image=photo, instruction="make it night", steps=2)])
    assert result.image.size == photo.size
    assert editor._checkpoint.scheduler["prediction_type"] == predicted
    assert editor._checkpoint.scheduler["rescale_betas_zero_snr"] == (predicted == V)


def test_epsilon_on_a_schedule_that_ends_at_nothing_is_refused(
    data: Path, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="ends at SNR 0"):
        editor_part(data, tiny_checkpoint, tmp_path, prediction=EPSILON)
    fresh = editor_part(data, tiny_checkpoint, tmp_path, **vars(SMALL) | {"prediction": EPSILON})
    assert fresh.scheduler.alphas_cumprod[-1] > 1e-3


def test_parts_put_together_by_hand_need_no_scheduler(data: Path, tiny_checkpoint: Path, tmp_path: Path) -> None:
    for part in ("vae", "text_encoder", "tokenizer", "unet"):
        shutil.copytree(tiny_checkpoint / part, tmp_path / "base" / part)
    part = editor_part(data, tmp_path / "base", tmp_path / "out")
    assert part.scheduler.config.prediction_type == V and part.scheduler.config.rescale_betas_zero_snr


def test_training_lowers_the_loss(data: Path, tiny_checkpoint: Path, tmp_path: Path) -> None:
    part = editor_part(data, tiny_checkpoint, tmp_path, **vars(SMALL))
    loop = LoopConfig(max_steps=60, batch_size=8, learning_rate=3e-3, warmup_steps=1, log_every=1, precision="fp32")
    losses = [record["loss"] for record in train(part, loop, tmp_path, resume=False)]
    assert np.mean(losses[-10:]) < 0.8 * np.mean(losses[:10])


def test_gradient_checkpointing_changes_no_gradient(data: Path, tiny_checkpoint: Path, tmp_path: Path) -> None:
    found = []
    for checkpointing in (False, True):
        part = editor_part(data, tiny_checkpoint, tmp_path, gradient_checkpointing=checkpointing)
        part.model.train()
        loss, _ = part.loss(step_generator(0, 0), 2)
        loss.backward()
        found.append([parameter.grad for parameter in part.model.parameters()])
    assert all(torch.allclose(one, other, atol=1e-6) for one, other in zip(*found, strict=True))


def test_the_shipped_defaults_are_the_configs_or_the_bases(data: Path, tiny_checkpoint: Path, tmp_path: Path) -> None:
    part = editor_part(data, tiny_checkpoint, tmp_path, steps=7)
    list(train(part, LOOP, tmp_path, resume=False))
    defaults = load_editor(str(tmp_path), device="cpu").defaults
    assert (defaults.steps, defaults.text_guidance, defaults.image_guidance) == (7, 3.0, 1.3)


def test_bases_that_do_not_fit_are_named(tiny_checkpoint: Path, tmp_path: Path) -> None:
    def spoilt(name: str, key: str, value: object) -> Path:
        folder = tmp_path / name
        shutil.copytree(tiny_checkpoint, folder)
        config = json.loads((folder / "unet/config.json").read_text())
        (folder / "unet/config.json").write_text(json.dumps(config | {key: value}))
        return folder

    with pytest.raises(UsageError, match="takes 9 channels and gives 4"):
        read_base(spoilt("inpainting", "in_channels", 9), CONFIG.editor)
    with pytest.raises(UsageError, match="attends to text of width 768"):
        read_base(spoilt("other", "cross_attention_dim", 768), CONFIG.editor)
    with pytest.raises(UsageError, match="has no vae/config"):
        read_base(tmp_path, CONFIG.editor)
