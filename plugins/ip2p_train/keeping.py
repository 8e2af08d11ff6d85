"""What an adapter is to leave alone: instructions other than its own, which it would else colour, too."""

from __future__ import annotations

from importlib.resources import files

from torch import Tensor

from .base import Base
from .encoders import Texts, fingerprint, load_text
from .tensor_store import TensorStore


def other_instructions() -> list[str]:
    """Those that ship: they have little in common."""
    return files(__package__).joinpath("other_instructions.txt").read_text(encoding="utf-8").splitlines()


def other_texts(base: Base, store: TensorStore) -> Tensor:
    """Their states, kept in the store.  # (n, l, d)"""
    tokenizer, encoder = load_text(base.folder)
    name = fingerprint(base.folder / "tokenizer", base.folder / "text_encoder")
    texts, lines = Texts(tokenizer, encoder, store, name), other_instructions()
    texts.add(lines)
    return store.get([texts.key(line) for line in lines])
