"""Caption pairs: what the pictures are made from. Written by the instruction stage, or brought in a JSONL file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ip2p_cli.api import UsageError

from .instructions.shards import shard_files

CAPTION_KEYS = ("input", "caption")  # the released data has the one, the original code reads the other


@dataclass(frozen=True)
class CaptionPair:
    """A caption, the instruction, and the caption of the edited picture (table 1 of the paper)."""

    row: int  # its number, from 0: with the seed it fixes every picture
    original: str
    edit: str
    edited: str
    weights: Mapping[str, float] = field(default_factory=dict)  # word of `edited` -> factor on its attention


def read_caption_pairs(output: Path, file: Path | None = None) -> list[CaptionPair]:
    """The pairs in a JSONL file; without one, those that the instruction stage has left in `output`.

    Raises:
        UsageError: there are none, or a line is no such object.
    """
    files = [file] if file else shard_files(output)
    if not files:
        raise UsageError(f"{output} holds no instructions; run `ip2p gen-data instructions` first, or give --prompts")
    rows = [(path, number, text) for path in files for number, text in _lines(path)]
    if not rows:
        raise UsageError(f"{files[0]} holds no caption pairs; give a line for each: {{input, edit, output}}")
    return [_parse(index, path, number, text) for index, (path, number, text) in enumerate(rows)]


def caption_of(row: Mapping[str, Any]) -> Any:
    """The caption of a text row, under whichever of its two names; None where it has neither."""
    return next((row[key] for key in CAPTION_KEYS if key in row), None)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(f"cannot read caption pairs from {path}: {problem}; give a JSONL file in UTF-8") from None
    yield from ((number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip())


def _parse(index: int, path: Path, number: int, text: str) -> CaptionPair:
    try:
        row = json.loads(text)
        texts = caption_of(row), row["edit"], row["output"]
        weights = {str(word): float(weight) for word, weight in row.get("weights", {}).items()}
        if not all(isinstance(value, str) and value.strip() for value in texts):
            raise TypeError
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UsageError(
            f"{path}, line {number}: no caption pair; each line must be an object with the texts input (or caption), "
            "edit and output"
        ) from None
    original, edit, edited = (" ".join(value.split()) for value in texts)
    return CaptionPair(index, original, edit, edited, weights)
