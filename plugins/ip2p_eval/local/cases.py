"""What the suite asks for: the cases of wordings.toml, and the wording that a photo gets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from importlib.resources import files
from typing import Literal

import tomli

Kind = Literal["add", "remove", "recolour", "replace"]
KINDS: tuple[Kind, ...] = ("add", "remove", "recolour", "replace")


@dataclass(frozen=True)
class Ask:
    """One thing to ask of every photo. Where `pasted_colour` is set, the suite pastes `thing` first."""

    kind: Kind
    thing: str
    wordings: tuple[str, ...]
    colour: str = ""  # asked for: of the added thing, or to recolour to
    size: str = ""  # small | big
    pasted_colour: str = ""
    by: str = ""  # replace: what comes in its place

    @property
    def family(self) -> str:
        """`add-balloon`, `recolour-boat` …: what figures are given for."""
        return f"{self.kind}-{self.thing.replace(' ', '-')}"

    def wording_for(self, photo: str) -> str:
        """The wording that a photo (by file name) gets: spread evenly, the same on every run and machine."""
        key = f"{photo}\0{self.family}\0{self.colour}".encode()
        digest = blake2b(key, digest_size=8).digest()
        return self.wordings[int.from_bytes(digest, "big") % len(self.wordings)]


@lru_cache(maxsize=1)
def asks() -> tuple[Ask, ...]:
    """All cases, in the file's order."""
    data = tomli.loads(files("ip2p_eval.local").joinpath("wordings.toml").read_text("utf-8"))
    return tuple(_ask(kind, table) for kind in KINDS for table in data[kind])


def held_out() -> tuple[str, ...]:
    """All wordings; no editor is trained on one of them."""
    return tuple(text for ask in asks() for text in ask.wordings)


def _ask(kind: Kind, table: dict[str, object]) -> Ask:
    text = {key: str(value) for key, value in table.items() if key != "wordings"}
    wordings = table["wordings"]
    assert isinstance(wordings, list)
    return Ask(
        kind=kind,
        thing=text["thing"],
        wordings=tuple(wordings),
        colour=text.get("to", text.get("colour", "")),
        size=text.get("size", ""),
        pasted_colour=text.get("from", ""),
        by=text.get("by", ""),
    )
