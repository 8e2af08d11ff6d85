"""The held-out wordings: which one a photo gets, and how two wordings are compared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from importlib.resources import files

import tomli


@lru_cache(maxsize=1)
def held_out() -> Mapping[str, tuple[str, ...]]:
    """Family -> wordings that no editor is trained on."""
    data = tomli.loads(files("ip2p_eval").joinpath("wordings.toml").read_text("utf-8"))
    return {family: tuple(wordings) for family, wordings in data["wordings"].items()}


def wording_for(photo: str, family: str) -> str:
    """The wording that a photo (by file name) gets for a family: spread evenly, the same on every run and machine."""
    digest = blake2b(f"{photo}\0{family}".encode(), digest_size=8).digest()
    wordings = held_out()[family]
    return wordings[int.from_bytes(digest, "big") % len(wordings)]


def normalised(wording: str) -> str:
    """Lower case, words only: two wordings that differ in case, spacing or punctuation are the same."""
    return " ".join(re.findall(r"[a-z0-9]+", wording.lower().replace("'", "").replace("’", "")))
