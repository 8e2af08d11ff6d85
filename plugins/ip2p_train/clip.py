"""The CLIP part: two small towers, trained to tell a picture's caption and an edit's direction from those of others.

Every batch holds scenes before and after an edit, so that each picture has a neighbour that differs in one attribute:
drawn at random, most others differ in nearly all, and telling them apart asks for little.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, CLIPTokenizer

from ip2p_cli.api import DrawnData

from .assemble import write_checkpoint
from .config import ClipConfig, TextEncoderConfig
from .drawn import VOCABULARY_TEXTS, as_pixels, draw_rows
from .part import device_of
from .text_encoder import tokenize, train_tokenizer

LARGEST_SCALE = 100.0  # of the logits, as in the paper
DIRECTION_TEMPERATURE = 0.1


class ClipPart:
    """Trains a `CLIPModel` (Radford et al. 2021, arXiv 2103.00020, figure 3) on edits."""

    def __init__(self, data: DrawnData, config: ClipConfig) -> None:
        self.data, self.config = data, config
        vocabulary = TextEncoderConfig(vocabulary=config.vocabulary, max_length=config.max_length)
        self.tokenizer = train_tokenizer(data.texts(range(VOCABULARY_TEXTS)), vocabulary)
        model = CLIPModel(_model_config(config, self.tokenizer, data.side))
        model.set_attn_implementation("eager")  # torch's fused CPU kernel is slower backward
        self.model: nn.Module = model

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        """Contrastive loss of pictures and captions, half of them edited ones, and of edits by their directions."""
        edits = self.data.edited(draw_rows(self.data, generator, batch_size // 2))
        ids = tokenize(self.tokenizer, edits.captions + edits.edited_captions, self.config.max_length)
        pixels = torch.cat([as_pixels(edits.pictures), as_pixels(edits.edited_pictures)])  # (2n, 3, h, w)
        model: Any = self.model
        place = device_of(model)
        found = model(input_ids=ids.to(place), pixel_values=pixels.to(place))
        images, texts = found.image_embeds.float(), found.text_embeds.float()  # (2n, d) unit vectors
        scale = model.logit_scale.exp().clamp(max=LARGEST_SCALE)
        captions, right = contrast(images, texts, scale)
        direction, told = contrast(_direction(images), _direction(texts), torch.tensor(1 / DIRECTION_TEMPERATURE))
        total = captions + self.config.direction_weight * direction
        return total, {"retrieved": right, "directions_told": told, "scale": scale.item()}

    def save(self, folder: Path) -> None:
        """Model and processor in transformers layout."""
        model = copy.deepcopy(self.model).to(getattr(torch, self.config.save_dtype))
        side = {"height": self.data.side, "width": self.data.side}
        images = CLIPImageProcessor(
            size={"shortest_edge": self.data.side}, crop_size=side, image_mean=[0.5] * 3, image_std=[0.5] * 3
        )
        write_checkpoint(folder, CLIPProcessor(images, self.tokenizer), model)


def contrast(ones: Tensor, others: Tensor, scale: Tensor) -> tuple[Tensor, float]:
    """Two (n, d) of unit vectors, row i with row i -> (symmetric cross-entropy, share of rows told right)."""
    logits = scale * ones @ others.T  # (n, n)
    own = torch.arange(len(ones), device=ones.device)
    loss = (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2
    return loss, (logits.argmax(dim=1) == own).float().mean().item()


def _direction(vectors: Tensor) -> Tensor:
    """(2n, d), before and after -> (n, d): which way each edit goes (Gal et al. 2022, arXiv 2108.00946)."""
    before, after = vectors.chunk(2)
    return F.normalize(after - before, dim=-1)


def _model_config(config: ClipConfig, tokenizer: CLIPTokenizer, side: int) -> CLIPConfig:
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": config.text_width,
        "intermediate_size": 4 * config.text_width,
        "num_hidden_layers": config.text_layers,
        "num_attention_heads": config.heads,
        "max_position_embeddings": config.max_length,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    vision = {
        "image_size": side,
        "patch_size": config.patch,
        "hidden_size": config.width,
        "intermediate_size": 4 * config.width,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
    }
    return CLIPConfig(text_config=text, vision_config=vision, projection_dim=config.projection)
