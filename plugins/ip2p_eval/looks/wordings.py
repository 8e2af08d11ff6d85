"""The held-out wordings: which one a photo gets."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from importlib.resources import files

import tomli


@lru_cache(maxsize=1)
def held_out() -> Mapping[str, tuple[str, ...]]:
    """Family -> wordings that no editor is trained on."""
    data = tomli.loads(files("ip2p_eval.looks").joinpath("wordings.toml").read_text("utf-8"))
    return {family: tuple(wordings) for family, wordings in data["wordings"].items()}


def wording_for(photo: str, family: str) -> str:
    """The wording that a photo (by file name) gets for a family: spread evenly, the same on every run and machine."""
    digest = blake2b(f"{photo}\0{family}".encode(), digest_size=8).digest()
    wordings = held_out()[family]
    return wordings[int.from_bytes(digest, "big") % len(wordings)]
