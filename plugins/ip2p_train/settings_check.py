"""Whether settings make sense: words are among those known, numbers in their ranges, widths fit together.

Run before any data is read: a wrong number would else show hours later, as an error of some library or not at all.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from ip2p_cli.api import UsageError, sampler_named, samplers

from .config import NORM_GROUPS, TrainConfig

DTYPES = ("float32", "float16")
CHOICES = {
    ("loop", "optimizer"): ("adamw", "muon", "adamw8bit"),
    ("loop", "precision"): ("auto", "bf16", "fp32"),
    ("editor", "prediction"): ("auto", "epsilon", "v_prediction"),
    ("editor", "save_dtype"): DTYPES,
    ("text_to_image", "save_dtype"): DTYPES,
    ("clip", "save_dtype"): DTYPES,
    ("language_model", "save_dtype"): DTYPES,
}
WIDTHS = (  # table, widths, heads that share them
    ("editor", "block_out_channels", "attention_heads"),
    ("text_to_image", "block_out_channels", "attention_heads"),
    ("text_encoder", "hidden_size", "heads"),
    ("clip", "width", "heads"),
    ("clip", "text_width", "heads"),
    ("language_model", "width", "heads"),
)
RANGES: dict[str, tuple[str, ...]] = {  # all other numbers: 0 or more
    "any": ("loop.seed",),
    "1 or more": (
        *("loop.max_steps", "loop.batch_size", "loop.log_every", "validation.samples"),
        *dict.fromkeys(f"{table}.{heads}" for table, _, heads in WIDTHS),
    ),
    "above 0": (
        *("loop.learning_rate", "loop.max_grad_norm"),
        *("editor.timestep_power", "editor.change_weight", "text_to_image.thing_weight"),
    ),
    "from 0 to 1": (
        *("loop.final_learning_rate", "loop.ema_decay", "text_encoder.family_share", "text_to_image.drop_text"),
        *("autoencoder.recolour", "autoencoder.aligned_share", "autoencoder.share_of_base", "lora.keep"),
    ),
    "at least 0 and below 1": ("loop.beta2", "validation.share"),
    "from 0 to 4096": ("editor.resolution",),
    "from 16 to 4096": ("autoencoder.crop",),
    "3 or more": ("autoencoder.latent_channels",),
}
_FITS: dict[str, Callable[[float], bool]] = {  # none of them is true of NaN
    "any": lambda value: True,
    "0 or more": lambda value: value >= 0,
    "1 or more": lambda value: value >= 1,
    "above 0": lambda value: value > 0,
    "from 0 to 1": lambda value: 0 <= value <= 1,
    "at least 0 and below 1": lambda value: 0 <= value < 1,
    "from 0 to 4096": lambda value: 0 <= value <= 4096,
    "from 16 to 4096": lambda value: 16 <= value <= 4096,
    "3 or more": lambda value: value >= 3,
}


def check_settings(config: TrainConfig) -> None:
    """See that every setting can be worked with.

    Raises:
        UsageError: naming the first that cannot, and what it may be.
    """
    for (table, key), words in CHOICES.items():
        value = _value(config, table, key)
        if value not in words:
            raise UsageError(f"[{table}] {key} is {value!r}; it must be one of: {', '.join(words)}")
    ranges = {setting: said for said, settings in RANGES.items() for setting in settings}
    for table, key, value in _numbers(config):
        said = ranges.get(f"{table}.{key}", "0 or more")
        if not _FITS[said](value):
            raise UsageError(f"[{table}] {key} is {value}; it must be {said}")
    _check_widths(config)
    editor = config.editor
    if editor.drop_text + editor.drop_image + editor.drop_both > 1:
        raise UsageError("[editor] drop_text, drop_image and drop_both are more than 1 together")
    if config.lora.keep and not config.lora.rank:
        raise UsageError("[lora] keep is for adapters; give it a rank, or --lora")
    if config.loop.cuda_graph:
        _check_captured(config)
    if editor.sampler:
        sampler_named(editor.sampler, samplers())


def _check_captured(config: TrainConfig) -> None:
    """What waits for a value of the device cannot be in a graph."""
    waiting = {
        '[loop] optimizer "adamw8bit"': config.loop.optimizer == "adamw8bit",
        "[editor] gradient_checkpointing": config.editor.gradient_checkpointing,
        "[lora] keep": bool(config.lora.keep),
    }
    for setting, is_set in waiting.items():
        if is_set:
            raise UsageError(f"[loop] cuda_graph does not go with {setting}; set one of them to its default")


def _check_widths(config: TrainConfig) -> None:
    for table, key, heads in WIDTHS:
        value, count = _value(config, table, key), _value(config, table, heads)
        widths: Sequence[int] = value if isinstance(value, tuple) else (value,)
        groups = NORM_GROUPS if key == "block_out_channels" else 1
        if not widths or any(width < 1 or width % count or width % groups for width in widths):
            also = f" and by {groups}" if groups > 1 else ""
            raise UsageError(f"[{table}] {key} is {value}; each must divide by {heads}, which is {count}{also}")


def _numbers(config: TrainConfig) -> list[tuple[str, str, float]]:
    """(table, key, value) of all settings that are numbers."""
    return [
        (table.name, item.name, value)
        for table in dataclasses.fields(config)
        for item in dataclasses.fields(getattr(config, table.name))
        if isinstance(value := _value(config, table.name, item.name), int | float)
    ]


def _value(config: TrainConfig, table: str, key: str) -> Any:
    return getattr(getattr(config, table), key)
