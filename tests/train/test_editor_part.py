"""The editor part: dropout as the paper says, and a result that `load_editor` opens."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ip2p_cli.api import EditRequest, load_editor
from ip2p_gen_data.compose.engine import ComposeConfig, ComposeEngine
from ip2p_gen_data.generate import generate
from ip2p_train.config import EditorConfig, LoopConfig, TrainConfig, load_config, show_config
from ip2p_train.editor import EditorPart
from ip2p_train.latents import LatentPairs
from ip2p_train.loop import train
from ip2p_train.parts import build_part

SMALL = EditorConfig(fresh=True, block_out_channels=(32, 32), time_embedding_dim=64, attention_heads=2)


def random_pairs(count: int = 8) -> LatentPairs:
    g = torch.Generator().manual_seed(0)
    return LatentPairs(
        originals=torch.randn(count, 4, 8, 8, generator=g).half() + 3,  # never zero by chance
        edited=torch.randn(count, 4, 8, 8, generator=g).half(),
        texts=torch.randn(count, 6, 32, generator=g).half(),
        original_of=torch.arange(count),
        text_of=torch.arange(count),
        null_text=torch.zeros(6, 32),
    )


def test_dropout_counts_are_five_percent_each(tmp_path: Path) -> None:
    part = EditorPart(random_pairs(), SMALL, tmp_path)
    count = 20_000
    text, image = torch.ones(count, 1, 1), torch.ones(count, 1, 1, 1)
    part.pairs.null_text.zero_()
    object.__setattr__(part.pairs, "null_text", torch.zeros(1, 1))
    text, image = part._drop(text, image, torch.Generator().manual_seed(1))
    no_text, no_image = text[:, 0, 0] == 0, image[:, 0, 0, 0] == 0
    for share in ((no_text & ~no_image), (~no_text & no_image), (no_text & no_image)):
        assert share.float().mean().item() == pytest.approx(0.05, abs=0.006)


def test_training_lowers_the_loss(tmp_path: Path) -> None:
    part = EditorPart(random_pairs(2), SMALL, tmp_path)
    part.save = lambda folder: None  # type: ignore[method-assign]
    loop = LoopConfig(max_steps=60, batch_size=8, learning_rate=3e-3, warmup_steps=1, log_every=1, precision="fp32")
    losses = [record["loss"] for record in train(part, loop, tmp_path, resume=False)]
    assert np.mean(losses[-10:]) < 0.8 * np.mean(losses[:10])


def test_a_dataset_and_a_base_give_a_checkpoint_that_edits(tmp_path: Path, tiny_checkpoint: Path) -> None:
    generate(tmp_path / "data", ComposeEngine((), (), ComposeConfig(size=32)), pairs=6, pairs_per_shard=6, workers=1)
    config = TrainConfig(loop=LoopConfig(max_steps=2, batch_size=2, log_every=1), editor=SMALL)
    out = tmp_path / "out"
    list(train(build_part("editor", tmp_path / "data", tiny_checkpoint, config, out), config.loop, out, resume=False))
    editor = load_editor(str(out), device="cpu")
    photo = Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8))
    [result] = editor.edit([EditRequest(image=photo, instruction="make it night", steps=2)])
    assert result.image.size == photo.size


def test_configs_read_back_what_they_print_and_suggest_the_right_key(tmp_path: Path) -> None:
    config = TrainConfig(loop=LoopConfig(max_steps=7), editor=SMALL)
    (tmp_path / "a.toml").write_text(show_config(config))
    assert load_config(tmp_path / "a.toml") == config
    (tmp_path / "b.toml").write_text("[loop]\nmax_step = 3\n")
    with pytest.raises(Exception, match="did you mean max_steps"):
        load_config(tmp_path / "b.toml")
