"""The wording of a local edit: templates and sentences (words.toml), with colour, size, number and place words."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import tomli

from ...wordings import dressed
from ..things import THINGS

_NO_VERBS = {"a", "the", "i", "i'd", "it", "it's", "there", "with", "what", "no", "not", "without", "bye", "could"}
_SENTENCE_SHARE = 0.15  # of the wordings that could be a whole sentence without colour, size, number and place


@dataclass(frozen=True)
class Asked:
    """What the words say of a thing; empty where they say nothing."""

    name: str
    colour: str = ""
    size: str = ""  # small | big
    position: str = ""  # left | middle | right
    count: int = 1

    @property
    def bare(self) -> bool:
        """Whether only the thing itself is named."""
        return not (self.colour or self.size or self.position) and self.count == 1


@cache
def words() -> dict[str, Any]:
    """The tables of words.toml."""
    found: dict[str, Any] = tomli.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))
    return found


def phrase(asked: Asked, rng: random.Random) -> str:
    """The thing with article, number, size and colour: "a small red balloon", "three birds", "stars"."""
    names = words()["things"][asked.name]
    qualities = [rng.choice(words()["sizes"][asked.size])] if asked.size else []
    if asked.colour:
        qualities.append(asked.colour)
    if asked.count > 1:
        return _joined(rng.choice(words()["numbers"][str(asked.count)]), *qualities, rng.choice(names["many"]))
    if "mass" in names and ("one" not in names or rng.random() < 0.6):
        return _joined(*qualities, rng.choice(names["mass"]))
    text = _joined(*qualities, rng.choice(names["one"]))
    return f"{'an' if text[0] in 'aeio' else 'a'} {text}"


def called(name: str, count: int, rng: random.Random) -> str:
    """What stands after "the": "balloon", "stars", "birds"."""
    names = words()["things"][name]
    if count > 1:
        return str(rng.choice(names["many"]))
    found = rng.choice([*names.get("one", []), *names.get("mass", [])])
    return str(found).removeprefix("some ").removeprefix("many ").removeprefix("the ")


def add(asked: Asked, rng: random.Random) -> str:
    """ "add a small red balloon on the left"."""
    own = words()["things"][asked.name]
    if asked.bare and rng.random() < _SENTENCE_SHARE:
        return dressed(rng.choice(own["add"]), rng, opening=False)
    where = THINGS[asked.name].where
    templates = words()["add"]
    template = rng.choice(templates[where] if rng.random() < 0.4 else templates["any"])
    place = rng.choice(words()["positions"][asked.position]) if asked.position else ""
    return _filled(_joined(template, place), rng, a=phrase(asked, rng))


def remove(name: str, count: int, rng: random.Random) -> str:
    """ "get rid of the balloon"."""
    own = words()["things"][name]
    if count == 1 and rng.random() < _SENTENCE_SHARE:
        return dressed(rng.choice(own["remove"]), rng, opening=False)
    return _filled(_template("remove", rng), rng, n=called(name, count, rng))


def recolour(name: str, count: int, old: str, new: str, rng: random.Random) -> str:
    """ "make the balloon blue", "paint the red boat green"."""
    tables = words()["recolour"]
    text = rng.choice(tables["named"] if count == 1 and rng.random() < 0.35 else tables["any"])
    if count > 1:
        text = rng.choice([each for each in tables["any"] if "a {c}" not in each])
    return _filled(text, rng, n=called(name, count, rng), o=old, c=new)


def recolour_named(noun: str, old: str, new: str, rng: random.Random) -> str:
    """The same for a thing that has no table of its own: "paint the red car blue"."""
    tables = words()["recolour"]
    return _filled(rng.choice(rng.choice([tables["named"], tables["any"]])), rng, n=noun, o=old, c=new)


def resize(name: str, larger: bool, rng: random.Random) -> str:
    """ "make the balloon bigger"."""
    return _filled(_template("bigger" if larger else "smaller", rng), rng, n=called(name, 1, rng))


def replace(old: str, new: Asked, rng: random.Random) -> str:
    """ "swap the balloon for a red bird"."""
    return _filled(_template("replace", rng), rng, n=called(old, 1, rng), b=phrase(new, rng))


def _template(table: str, rng: random.Random) -> str:
    return str(rng.choice(words()[table]["any"]))


def _filled(template: str, rng: random.Random, **parts: str) -> str:
    """The template with its parts; "please", "can you" only before a verb."""
    verb = template[0] != "{" and template.split()[0] not in _NO_VERBS
    return dressed(template.format(**parts), rng, opening=verb)


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)
