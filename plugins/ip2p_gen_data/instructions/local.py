"""The engine `local`: a causal language model in transformers layout, tuned on triplets by `finetune-lm`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    LogitsProcessorList,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from ip2p_cli.api import CaptionTask, EditAnswer, ModelError, UsageError, choose_device, quiet_libraries

from ..absent import if_absent
from .prompt import STOP, prompt, read_answer
from .sampling import FrequencyPenalty, RowSampling

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class SamplingSettings:
    """The reference code's own settings of GPT-3."""

    temperature: float = 0.7
    frequency_penalty: float = 0.1
    max_tokens: int = 256


def make_local(options: Mapping[str, Any]) -> LocalEngine:
    """The engine of the command line's options.

    Raises:
        UsageError: no model is named.
        ModelError: it cannot be loaded.
    """
    name = options.get("model")
    if not name:
        raise UsageError("--lm local needs --lm-model; make one: ip2p gen-data finetune-lm --base MODEL -o my-lm")
    device = choose_device(str(options["device"]))
    model, tokenizer = load_lm(str(name), dtype=str(options.get("dtype", "float32")), offline=bool(options["offline"]))
    return LocalEngine(model.to(device), tokenizer, int(options["batch_size"]))


def load_lm(
    name: str, *, dtype: str = "float32", offline: bool = False
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A causal language model and its tokenizer: a folder or a hub id; weights are read from safetensors only.

    Raises:
        ModelError: there is none, or it is of another kind.
        UsageError: an unknown dtype.
    """
    if dtype not in DTYPES:
        raise UsageError(f"unknown dtype {dtype!r}; there are: {', '.join(DTYPES)}")
    folder = Path(name)
    if folder.is_dir() and not (folder / "config.json").exists():
        raise ModelError(f"{name} holds no language model (config.json is missing); give the folder of a finished one")
    local = {"local_files_only": offline or folder.is_dir()}
    try:
        with quiet_libraries():
            tokenizer = AutoTokenizer.from_pretrained(name, padding_side="left", **local)
            # A word of its own for the adapter, or it is looked for on the network all the same, five times.
            model = AutoModelForCausalLM.from_pretrained(
                name, use_safetensors=True, dtype=DTYPES[dtype], adapter_kwargs=local, **local
            )
    except (OSError, ValueError, KeyError) as problem:
        absent = if_absent("the language model", name, offline=offline)
        if absent is not None:
            raise absent from None
        line = (str(problem).splitlines() or [type(problem).__name__])[0]
        raise ModelError(f"cannot load the language model {name!r}: {line}; give a folder or a hub id") from None
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return model.eval(), tokenizer


def stored_dtype(name: str, *, offline: bool = False) -> torch.dtype:
    """What the weights of a model that `load_lm` reads are stored in, as its configuration says."""
    config = AutoConfig.from_pretrained(name, local_files_only=offline or Path(name).is_dir())
    found = config.dtype
    return found if isinstance(found, torch.dtype) else torch.float32


class LocalEngine:
    """Tasks -> answers, in batches; a row's answer depends on its caption and its seed alone."""

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        batch_size: int = 16,
        settings: SamplingSettings | None = None,
    ) -> None:
        self._model, self._tokenizer, self._batch_size = model, tokenizer, batch_size
        self._settings = settings or SamplingSettings()
        context = getattr(model.config, "max_position_embeddings", None) or 2 * self._settings.max_tokens
        self._room = min(self._settings.max_tokens, context // 2)
        self._longest_prompt = context - self._room
        # The checkpoint's own settings (top-k, repetition penalty …) would otherwise be mixed in.
        model.generation_config = GenerationConfig(
            do_sample=False,
            max_new_tokens=self._room,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
            stop_strings=[STOP],
        )

    def __call__(self, tasks: Sequence[CaptionTask]) -> list[EditAnswer]:
        """One answer a task, in order."""
        prompts = [prompt(task.caption) for task in tasks]
        lengths = [len(ids) for ids in self._tokenizer(prompts).input_ids]
        fitting = [index for index, length in enumerate(lengths) if length <= self._longest_prompt]
        answers = [EditAnswer(problem=f"a caption of {length} tokens is too long for the model") for length in lengths]
        fitting.sort(key=lambda index: lengths[index])  # like lengths together: little padding
        for rows in _batches(fitting, self._batch_size):
            texts = self._generate([prompts[row] for row in rows], [tasks[row].seed for row in rows])
            for row, text in zip(rows, texts, strict=True):
                answers[row] = read_answer(text)
        return answers

    @torch.inference_mode()
    def _generate(self, prompts: Sequence[str], seeds: Sequence[int]) -> list[str]:
        batch = self._tokenizer(list(prompts), padding=True, return_tensors="pt").to(self._model.device)  # (b, l)
        length = batch.input_ids.shape[1]
        processors = LogitsProcessorList(
            [
                FrequencyPenalty(self._settings.frequency_penalty, length),
                RowSampling(seeds, self._settings.temperature),
            ]
        )
        with quiet_libraries():
            ids = self._model.generate(
                input_ids=batch.input_ids,
                attention_mask=batch.attention_mask,
                logits_processor=processors,
                tokenizer=self._tokenizer,  # finds the stop in the text, however it falls into tokens
            )
        found: list[str] = self._tokenizer.batch_decode(ids[:, length:], skip_special_tokens=True)
        return found


def _batches(items: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (items[start : start + size] for start in range(0, len(items), size))
