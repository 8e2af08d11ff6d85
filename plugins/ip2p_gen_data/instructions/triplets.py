"""Edit triplets: what a language model learns to write from a caption, and the 700 that ship with the project."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ip2p_cli.api import UsageError

from .captions import CAPTION_COLUMNS, one_line

SHIPPED = Path(__file__).with_name("triplets.jsonl")  # written by hand for this project, in the paper's three kinds


@dataclass(frozen=True)
class Triplet:
    """A caption, an instruction, and the caption of the edited picture (table 1 of the paper)."""

    input: str
    edit: str
    output: str
    kind: str = ""  # style, object, attribute or scene, each a quarter of those that ship; "" where nobody said


def read_triplets(path: Path = SHIPPED) -> list[Triplet]:
    """Triplets of a JSONL file with the fields `input` (or `caption`), `edit` and `output`.

    Raises:
        UsageError: the file cannot be read, holds none, or a line is not such an object.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(f"cannot read triplets from {path}: {problem}; give a JSONL file in UTF-8") from None
    found = list(_parse(path, lines))
    if not found:
        raise UsageError(f"{path} holds no triplets; give a line for each: {{input, edit, output}}")
    return found


def _parse(path: Path, lines: list[str]) -> Iterator[Triplet]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            caption = next(row[name] for name in CAPTION_COLUMNS if name in row)
            found, edit, output = (one_line(value) for value in (caption, row["edit"], row["output"]))
        except (ValueError, KeyError, TypeError, AttributeError, StopIteration):
            raise UsageError(
                f"{path}, line {number}: no triplet; each line must be an object with the texts input, edit and output"
            ) from None
        yield Triplet(found, edit, output, str(row.get("kind", "")))
