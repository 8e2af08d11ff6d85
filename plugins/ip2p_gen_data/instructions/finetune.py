"""Tunes a causal language model on edit triplets; the loss is on the answers only (section 3.1.1)."""

from __future__ import annotations

import copy
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from ip2p_cli.api import MissingExtra, UsageError
from ip2p_train.config import LoopConfig
from ip2p_train.loop import seed_everything, train
from ip2p_train.names import STATE_FOLDER

from ..intermediate import write_json
from .prompt import completion, prompt
from .triplets import Triplet

IGNORED = -100  # the label that cross-entropy leaves out


class LanguageModelPart:
    """Brings a language model to the training loop that every part of an editor runs through."""

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        triplets: Sequence[Triplet],
        save_dtype: torch.dtype = torch.float32,
    ) -> None:
        self.model: nn.Module = model
        self._save_dtype = save_dtype
        self._tokenizer = tokenizer
        self._examples = [encode(tokenizer, triplet) for triplet in triplets]

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        """Mean cross-entropy of the answers' tokens of a drawn batch."""
        picks = torch.randint(len(self._examples), (batch_size,), generator=generator).tolist()
        # Dropout draws from the global generator: seeded here, a resumed run drops the same units.
        torch.manual_seed(int(torch.randint(2**62, (1,), generator=generator)))
        batch = collate([self._examples[pick] for pick in picks], self._tokenizer.pad_token_id)
        device = next(self.model.parameters()).device
        loss: Tensor = self.model(**{name: value.to(device) for name, value in batch.items()}).loss
        return loss, {}

    def save(self, folder: Path) -> None:
        """Write model and tokenizer in transformers layout; adapters are merged, so that nobody needs peft to use it.

        Written aside and moved file by file, the configuration last: what can be loaded is whole.
        """
        model: Any = copy.deepcopy(self.model)
        if hasattr(model, "merge_and_unload"):
            model = model.merge_and_unload()
        model.to(self._save_dtype)
        aside = folder / STATE_FOLDER / "model"
        shutil.rmtree(aside, ignore_errors=True)
        model.save_pretrained(aside)
        self._tokenizer.save_pretrained(aside)
        for file in sorted(aside.iterdir(), key=lambda file: file.name == "config.json"):
            os.replace(file, folder / file.name)
        aside.rmdir()


def encode(tokenizer: PreTrainedTokenizerBase, triplet: Triplet) -> tuple[list[int], list[int]]:
    """(token ids, labels) of a triplet; labels of the prompt are IGNORED.

    Both halves are tokenized apart, because the prompt is tokenized alone when the model is used.
    """
    given = list(tokenizer(prompt(triplet.input)).input_ids)
    answer = list(tokenizer(completion(triplet.edit, triplet.output), add_special_tokens=False).input_ids)
    answer.append(tokenizer.eos_token_id)
    return given + answer, [IGNORED] * len(given) + answer


def collate(examples: Sequence[tuple[list[int], list[int]]], pad: int) -> dict[str, Tensor]:
    """Examples of many lengths -> input_ids, attention_mask and labels, each (b, l), padded on the right."""
    length = max(len(ids) for ids, _ in examples)
    rows = [(length - len(ids), ids, labels) for ids, labels in examples]
    return {
        "input_ids": torch.tensor([ids + [pad] * missing for missing, ids, _ in rows]),
        "attention_mask": torch.tensor([[1] * len(ids) + [0] * missing for missing, ids, _ in rows]),
        "labels": torch.tensor([labels + [IGNORED] * missing for missing, _, labels in rows]),
    }


def add_lora(model: PreTrainedModel, rank: int, seed: int) -> Any:
    """The model with low-rank adapters on all linear layers; only they are trained.

    Raises:
        MissingExtra: peft is not installed.
    """
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError:
        raise MissingExtra("--lora", "lora") from None
    seed_everything(seed)
    config = LoraConfig(
        r=rank,
        lora_alpha=2 * rank,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
        fan_in_fan_out=model.config.model_type == "gpt2",  # its linear layers keep their weights transposed
    )
    return get_peft_model(model, config)


def finetune(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    triplets: Sequence[Triplet],
    config: LoopConfig,
    output: Path,
    settings: dict[str, Any],
    *,
    save_dtype: torch.dtype = torch.float32,
    device: str | torch.device = "cpu",
    stopping: Callable[[], bool] = lambda: False,
) -> Iterator[dict[str, Any]]:
    """Train and save to `output`, yielding log records; the same call goes on from the last checkpoint.

    Args:
        settings: what tells this run from another one in the same folder.
        save_dtype: of the written weights; training has float32 whatever they were read from.
        stopping: asked after each step whether to write a checkpoint and end.

    Raises:
        UsageError: a triplet is longer than the model can read, or `output` holds another run.
    """
    part = LanguageModelPart(model, tokenizer, triplets, save_dtype)
    longest = max(len(ids) for ids, _ in part._examples)
    context = getattr(model.config, "max_position_embeddings", None) or longest
    if longest > context:
        raise UsageError(f"the longest triplet has {longest} tokens, the model reads {context}; leave out long ones")
    _claim(output, settings)
    yield from train(part, config, output, resume=True, device=device, stopping=stopping)


def _claim(output: Path, settings: dict[str, Any]) -> None:
    """Remember what is being trained in `output`; refuse to go on with something else."""
    path = output / STATE_FOLDER / "settings.json"
    if path.exists() and json.loads(path.read_text(encoding="utf-8")) != settings:
        raise UsageError(f"{output} holds a model tuned with other settings; choose another -o, or delete it")
    write_json(path, settings)
