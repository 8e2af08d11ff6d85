"""The language-model part: a small Llama that learns to write captions and instructions, each on its own.

What it does not learn is to answer one with the other: that is what `gen-data finetune-lm` teaches.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from ip2p_cli.api import DrawnData

from .assemble import write_checkpoint
from .config import LanguageModelConfig
from .drawn import VOCABULARY_TEXTS, draw_rows
from .part import device_of

END = "<|endoftext|>"
IGNORED = -100  # the label that cross-entropy leaves out


class PlainTextPart:
    """Trains a `LlamaForCausalLM` to go on with a text.

    Relative positions (Su et al. 2021, arXiv 2104.09864), for its later work is mostly copying: a caption is written
    again, a word of it changed. No dropout, for no text is seen twice.
    """

    def __init__(self, data: DrawnData, config: LanguageModelConfig) -> None:
        self.data, self.config = data, config
        self.tokenizer = train_tokenizer(data.texts(range(VOCABULARY_TEXTS)), config)
        self.model: nn.Module = LlamaForCausalLM(_model_config(config, self.tokenizer))

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        """Mean cross-entropy of all tokens of a drawn batch, the end among them."""
        texts = self.data.texts(draw_rows(self.data, generator, batch_size))
        place = device_of(self.model)
        ids, mask = (tensor.to(place) for tensor in collate(self.tokenizer, texts))
        loss: Tensor = self.model(ids, attention_mask=mask, labels=ids.masked_fill(mask == 0, IGNORED)).loss
        return loss, {}

    def save(self, folder: Path) -> None:
        """Model and tokenizer in transformers layout."""
        model = copy.deepcopy(self.model).to(getattr(torch, self.config.save_dtype))
        write_checkpoint(folder, self.tokenizer, model)


def collate(tokenizer: PreTrainedTokenizerFast, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Texts with their ends -> token ids and mask, (b, l) each, padded on the right."""
    batch = tokenizer([text + END for text in texts], padding=True, padding_side="right", return_tensors="pt")
    return batch.input_ids, batch.attention_mask


def train_tokenizer(texts: Sequence[str], config: LanguageModelConfig) -> PreTrainedTokenizerFast:
    """Byte-pair encoding in GPT-2's own form, learned from the texts; no text is ever out of vocabulary."""
    backend = Tokenizer(BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = BpeTrainer(
        vocab_size=config.vocabulary,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        special_tokens=[END],
        show_progress=False,
    )
    backend.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, eos_token=END, pad_token=END, model_max_length=config.context
    )


def _model_config(config: LanguageModelConfig, tokenizer: PreTrainedTokenizerFast) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=config.context,
        hidden_size=config.width,
        intermediate_size=3 * config.width,  # gated: as many weights as a plain layer of 4.5 times the width
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.eos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.eos_token_id,
    )
