"""Which token of the edited caption stands where a token of the source stood: the maps of cross-attention control."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np

Array = np.ndarray
Opcode = tuple[str, int, int, int, int]  # what, source from, to, edited from, to


@dataclass(frozen=True)
class Alignment:
    """How the edited row's attention is made: source @ mapper where `own` is 0, its own where it is 1, × weight."""

    mapper: Array  # (s, t) in [0, 1]: source token -> edited token
    own: Array  # (t,) 0 or 1
    weight: Array  # (t,) factor


def align(source: Sequence[int], edited: Sequence[int], end: int, mode: str) -> Alignment:
    """Align two padded rows of token ids (Hertz et al. 2022, section 3.1).

    Args:
        source: token ids of the source caption, padded.  # (s,)
        edited: token ids of the edited caption, padded.  # (t,)
        end: the id that ends a caption.
        mode: "replace": a swapped word spreads its attention evenly over the words in its place; "refine": words
            without a counterpart keep their own attention; "none": all do.
    """
    mapper = np.zeros((len(source), len(edited)), np.float32)
    if mode != "none":
        for what, i0, i1, j0, j1 in opcodes(source, edited, end):
            if what == "equal":
                mapper[np.arange(i0, i1), np.arange(j0, j1)] = 1
            elif what == "replace" and mode == "replace":
                mapper[i0:i1, j0:j1] = np.eye(i1 - i0) if i1 - i0 == j1 - j0 else 1 / (j1 - j0)
        _align_padding(mapper, _length(source, end), _length(edited, end))
    own = (mapper.sum(0) == 0).astype(np.float32)
    return Alignment(mapper, own, np.ones(len(edited), np.float32))


def opcodes(source: Sequence[int], edited: Sequence[int], end: int) -> list[Opcode]:
    """How the source's tokens, without padding, become the edited ones."""
    matcher = SequenceMatcher(None, source[: _length(source, end)], edited[: _length(edited, end)], autojunk=False)
    return list(matcher.get_opcodes())


def new_tokens(source: Sequence[int], edited: Sequence[int], end: int) -> list[int]:
    """Positions in the edited caption of what the source does not have."""
    changes = (code for code in opcodes(source, edited, end) if code[0] in ("insert", "replace"))
    return [position for _, _, _, j0, j1 in changes for position in range(j0, j1)]


def occurrences(words: Sequence[Sequence[int]], edited: Sequence[int]) -> Iterator[int]:
    """Positions at which any of some token runs stands in a caption."""
    for run in words:
        for start in range(len(edited) - len(run) + 1):
            if run and list(edited[start : start + len(run)]) == list(run):
                yield from range(start, start + len(run))


def _length(ids: Sequence[int], end: int) -> int:
    """Tokens up to the first end, that one included."""
    return list(ids).index(end) + 1 if end in ids else len(ids)


def _align_padding(mapper: Array, source_length: int, edited_length: int) -> None:
    """Padding takes the attention of padding: of the same place where that is padding in the source, too."""
    s, t = mapper.shape
    for position in range(edited_length, t):
        mapper[min(max(position, source_length), s - 1), position] = 1
