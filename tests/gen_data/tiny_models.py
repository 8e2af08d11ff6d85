"""Small random text-to-image, CLIP and SigLIP checkpoints, for tests of the data factory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests import tiny

LEVELS = ("CrossAttnDownBlock2D", "CrossAttnDownBlock2D")
SPEC = tiny.TinySpec(vae="kl", levels=2, latent_channels=4, sample_size=16, max_length=16)


def text_to_image(folder: Path, *, xl: bool = False) -> Path:
    """A Stable Diffusion checkpoint of 16² latents, f = 2, with self-attention at both levels."""
    import torch

    folder.mkdir(parents=True)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        small_unet(xl).save_pretrained(folder / "unet")
        tiny._make_vae(SPEC).save_pretrained(folder / "vae")
        words = tiny._write_tokenizer(folder / "tokenizer", SPEC)
        tiny._make_text_encoder(SPEC, words).save_pretrained(folder / "text_encoder")
        if xl:
            tiny._write_tokenizer(folder / "tokenizer_2", SPEC)
            _second_text_encoder(words).save_pretrained(folder / "text_encoder_2")
    tiny._write_json(folder / "scheduler" / "scheduler_config.json", tiny.SD_SCHEDULER)
    index = tiny._model_index(SPEC) | {"_class_name": "StableDiffusionPipeline"}
    if xl:
        index |= {"_class_name": "StableDiffusionXLPipeline", "force_zeros_for_empty_prompt": True}
        index |= {"text_encoder_2": ["transformers", "CLIPTextModelWithProjection"]}
        index |= {"tokenizer_2": ["transformers", "CLIPTokenizer"]}
        index = {key: value for key, value in index.items() if "safety" not in key}
    tiny._write_json(folder / "model_index.json", index)
    return folder


def small_unet(xl: bool = False, **changes: Any) -> Any:
    """A U-Net with self- and cross-attention at every level, whose pictures have a spread."""
    from diffusers import UNet2DConditionModel

    extra: dict[str, Any] = {}
    if xl:
        extra = {"addition_embed_type": "text_time", "addition_time_embed_dim": 8}
        extra |= {"projection_class_embeddings_input_dim": 6 * 8 + SPEC.text_width}
    settings: dict[str, Any] = {
        "sample_size": SPEC.sample_size,
        "in_channels": 4,
        "out_channels": 4,
        "block_out_channels": (32, 64),
        "down_block_types": LEVELS,
        "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        "layers_per_block": 1,
        "norm_num_groups": 8,
        "attention_head_dim": 8,
        "cross_attention_dim": SPEC.text_width * (2 if xl else 1),
    }
    unet = UNet2DConditionModel(**settings | extra | changes).eval().requires_grad_(False)
    sharpen(unet)
    return unet


def sharpen(unet: Any) -> None:
    """Fresh attention is nearly uniform, so that sharing it would change nothing: make it choose, and be heard."""
    import torch
    from diffusers.models.attention_processor import Attention

    with torch.no_grad():
        for module in unet.modules():
            if isinstance(module, Attention):
                module.to_q.weight.mul_(4.0)
                module.to_out[0].weight.mul_(4.0)


def clip(folder: Path) -> Path:
    """A CLIP of 32 px pictures, with a processor of its own mean and deviation."""
    import torch
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, CLIPTokenizer

    words = tiny._write_tokenizer(folder / "tokens", SPEC)
    ids = {"bos_token_id": words - 2, "eos_token_id": words - 1, "pad_token_id": words - 1}
    text = {"vocab_size": words, "max_position_embeddings": 16, "projection_dim": 24, **_SMALL, **ids}
    vision = {"image_size": 32, "patch_size": 8, "projection_dim": 24, **_SMALL}
    with torch.random.fork_rng():
        torch.manual_seed(2)
        CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=24)).save_pretrained(folder)
    images = CLIPImageProcessor(
        size={"shortest_edge": 32}, crop_size=32, image_mean=[0.4, 0.5, 0.6], image_std=[0.2] * 3
    )
    CLIPProcessor(images, CLIPTokenizer.from_pretrained(folder / "tokens")).save_pretrained(folder)
    return folder


def siglip(folder: Path) -> Path:
    """A SigLIP of 32 px pictures, whose captions are padded to a fixed length."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, SiglipConfig, SiglipImageProcessor, SiglipModel, SiglipProcessor

    vocabulary = {word: index for index, word in enumerate(["<pad>", "<unk>", *tiny.WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", model_max_length=12
    )
    text = {"vocab_size": len(vocabulary), "max_position_embeddings": 12, "projection_size": 32, **_SMALL}
    vision = {"image_size": 32, "patch_size": 8, **_SMALL}
    with torch.random.fork_rng():
        torch.manual_seed(3)
        SiglipModel(SiglipConfig(text_config=text, vision_config=vision)).save_pretrained(folder)
    SiglipProcessor(SiglipImageProcessor(size={"height": 32, "width": 32}), wrapped).save_pretrained(folder)
    return folder


_SMALL: dict[str, int] = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}


def write_lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    """A JSONL file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def _second_text_encoder(words: int) -> Any:
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection

    ids = {"bos_token_id": words - 2, "eos_token_id": words - 1, "pad_token_id": words - 1}
    config = CLIPTextConfig(vocab_size=words, max_position_embeddings=16, projection_dim=32, **_SMALL, **ids)
    return CLIPTextModelWithProjection(config)
