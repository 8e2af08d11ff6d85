"""The example of a text-prompted segmenter, on a small random one."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from ip2p_cli.plugin_manager import create_plugin_manager
from tests.tiny import TinySpec, make_checkpoint

EXAMPLE = Path(__file__).parents[2] / "examples" / "plugins" / "text_mask.py"


@pytest.fixture(scope="module")
def segmenter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers import (
        CLIPSegConfig,
        CLIPSegForImageSegmentation,
        CLIPSegProcessor,
        CLIPSegTextConfig,
        CLIPSegVisionConfig,
        CLIPTokenizer,
        ViTImageProcessor,
    )

    folder = tmp_path_factory.mktemp("segmenter")
    tokenizer = CLIPTokenizer.from_pretrained(make_checkpoint(folder / "editor", TinySpec()) / "tokenizer")
    small = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4}
    text = CLIPSegTextConfig(**small, vocab_size=len(tokenizer), eos_token_id=tokenizer.eos_token_id)
    vision = CLIPSegVisionConfig(**small, image_size=64, patch_size=16)
    config = CLIPSegConfig(
        text_config=text.to_dict(),
        vision_config=vision.to_dict(),
        projection_dim=32,
        extract_layers=[0, 1, 2],
        reduce_dim=16,
        conditional_layer=0,
        decoder_num_attention_heads=4,
        decoder_intermediate_size=32,
    )
    CLIPSegForImageSegmentation(config).save_pretrained(folder / "model")
    processor = CLIPSegProcessor(ViTImageProcessor(size={"height": 64, "width": 64}), tokenizer)
    processor.save_pretrained(folder / "model")
    return folder / "model"


def example() -> ModuleType:
    module = ModuleType("text_mask")
    exec(compile(EXAMPLE.read_text(encoding="utf-8"), EXAMPLE, "exec"), module.__dict__)
    return module


def test_it_makes_a_mask_of_the_photo_s_size(segmenter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IP2P_SEGMENTER", str(segmenter))
    manager = create_plugin_manager()
    manager.register(example(), "text-mask")
    photo = Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8))
    assert manager.hook.ip2p_make_mask(job=None, image=photo) == []  # it has no opinion
    monkeypatch.setenv("IP2P_TEXT_MASK", "the sky")
    [mask] = manager.hook.ip2p_make_mask(job=None, image=photo)
    assert (mask.mode, mask.size) == ("L", photo.size)
